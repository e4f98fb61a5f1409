import { Injectable } from '@nestjs/common';
import { type Request } from 'express';
import { type SignedInUser } from '../signed-in.js';
import { type UserJson } from '../users/find-users.query.js';
import { SendLink } from './send-link.js';
import { type UserLink } from './user-link.js';

/** A link that an administrator made, told once: to the user by mail where that works, and to the administrator. */
export interface BroughtLink {
  url: string;
  expires_at: string;
  mail_sent: boolean;
}

@Injectable()
export class BringLink {
  constructor(private readonly send: SendLink) {}

  /** @param request of the administrator: without PUBLIC_URL, the address that he himself uses stands in the link */
  async to(user: UserJson, link: UserLink, me: SignedInUser, request: Request): Promise<BroughtLink> {
    const url = this.send.addressOf(link, `${request.protocol}://${request.headers.host}`);
    const to = {
      email: user.email,
      name: `${user.first_name} ${user.last_name}`.trim(),
      organization: me.organization.name,
      locale: me.organization.locale,
    };
    return { url, expires_at: link.expiresAt.toISOString(), mail_sent: await this.send.mailTo(to, link.purpose, url) };
  }
}
