import { createServer, type Server, type Socket } from 'node:net';

/** A mail server of a few lines: takes every message, or none of them. */
export class MailServer {
  readonly messages: string[] = [];
  refuses = false;
  private server!: Server;

  async open(): Promise<string> {
    this.server = createServer((socket) => this.talk(socket));
    await new Promise<void>((done) => this.server.listen(0, '127.0.0.1', done));
    return `smtp://127.0.0.1:${(this.server.address() as { port: number }).port}?from=presence@riverside.example`;
  }

  private talk(socket: Socket): void {
    let message: string | null = null;
    let rest = '';
    const say = (line: string) => socket.write(`${line}\r\n`);
    say('220 test');
    socket.on('error', () => {});
    socket.on('data', (data) => {
      rest += data.toString('utf8');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (message !== null) {
          if (line !== '.') message += `${line}\n`;
          else {
            this.messages.push(message);
            message = null;
            say('250 taken');
          }
        } else if (/^RCPT/i.test(line)) say(this.refuses ? '550 nobody here' : '250 ok');
        else if (/^DATA/i.test(line)) {
          message = '';
          say('354 go on');
        } else if (/^QUIT/i.test(line)) {
          say('221 bye');
          socket.end();
        } else say('250 ok');
      }
    });
  }

  /** @returns the first message to this address, when it came */
  async messageTo(email: string): Promise<string> {
    for (let tries = 0; tries < 100; tries++) {
      const found = this.messages.find((each) => each.includes(`To: ${email}`));
      if (found) return found.replace(/=\n/g, '').replace(/=3D/g, '=');
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`no mail to ${email} came: ${this.messages.join('\n---\n')}`);
  }

  close = () => new Promise((done) => this.server.close(done));
}
