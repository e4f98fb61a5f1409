import { Inject, Injectable, Logger } from '@nestjs/common';
import { createTransport, type Transporter } from 'nodemailer';
import { type Config } from './config.js';

/** A message of plain text to one person, with files if there are any. */
export interface Message {
  to: string;
  subject: string;
  text: string;
  /** Files that go with it. */
  attachments?: { filename: string; content: Buffer }[];
  /** The same for each try of the same message, so that a program for mail shows it once. */
  messageId?: string;
}

/** How long a mail server may take for each of its steps. */
const PATIENCE_MS = 10_000;

/** Sends mail through SMTP_URL. Without one nothing is sent, and whoever asks is told so. */
@Injectable()
export class Mail {
  private readonly logger = new Logger('mail');
  private readonly transport: Transporter | null;
  private readonly from: string;

  constructor(@Inject('config') config: Config) {
    const options = {
      connectionTimeout: PATIENCE_MS,
      greetingTimeout: PATIENCE_MS,
      socketTimeout: PATIENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    this.transport = config.smtpUrl ? createTransport(config.smtpUrl, options) : null;
    this.from = config.mailFrom ?? 'omnipresence@localhost';
  }

  /** Whether mail can be sent at all. */
  get configured(): boolean {
    return this.transport !== null;
  }

  /** @returns whether the mail server took the message; why not stands in the log, never in the answer */
  async send({ to, ...message }: Message): Promise<boolean> {
    if (!this.transport) return false;
    try {
      await this.transport.sendMail({ from: this.from, to: { name: '', address: to }, ...message });
      return true;
    } catch (error) {
      this.logger.warn(`a message was not taken: ${(error as Error).message}`);
      return false;
    }
  }
}
