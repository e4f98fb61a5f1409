import { Inject, Injectable } from '@nestjs/common';
import { type Config } from '../../platform/config.js';
import { Mail } from '../../platform/mail.js';
import { type PageContext, Views } from '../../platform/views.js';
import { type Purpose, type UserLink } from './user-link.js';

/** Whom a link is for, and in whose words. */
export interface Addressee {
  email: string;
  name: string;
  organization: string;
  locale: string;
}

const LINES: Record<Purpose, { subject: string; what: string; until: string }> = {
  invitation: {
    subject: 'Your access to {organization}',
    what: '{organization} invites you to Omnipresence. Choose your password here:',
    until: 'The link works once, for seven days.',
  },
  password_reset: {
    subject: 'A new password for {organization}',
    what: 'Choose a new password for {organization} here:',
    until: 'The link works once, for two hours. If you did not ask for it, nothing happens: your password stays.',
  },
};

/** Brings links to people. */
@Injectable()
export class SendLink {
  constructor(
    private readonly mail: Mail,
    private readonly views: Views,
    @Inject('config') private readonly config: Config,
  ) {}

  /**
   * Whether somebody who is not signed in can be sent a link. Only under PUBLIC_URL: the host that such a request names
   * is its sender's word, and would lead whoever gets the mail anywhere.
   */
  get canMailStrangers(): boolean {
    return this.mail.configured && this.config.publicUrl !== null;
  }

  /** @param from the address under which the asking administrator knows the server */
  addressOf(link: UserLink, from: string | null): string {
    return (this.config.publicUrl ?? from ?? '') + link.path;
  }

  /** @returns whether the mail server took it */
  async mailTo(to: Addressee, purpose: Purpose, address: string): Promise<boolean> {
    const say = (text: string, params: Record<string, string> = {}) =>
      this.views.text({ locale: to.locale, terms: {} } as PageContext, text, params);
    const { subject, what, until } = LINES[purpose];
    const { organization, name } = to;
    return this.mail.send({
      to: to.email,
      subject: say(subject, { organization }),
      text: [say('Hello {name},', { name }), say(what, { organization }), address, say(until), ''].join('\n\n'),
    });
  }
}
