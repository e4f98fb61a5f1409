import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { noteDevice, permissionsOf, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { read } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { settingsOf } from '../tenancy/index.js';
import { epochOf } from './epoch.js';
import { SyncClient } from './sync-client.entity.js';
import { PROTOCOL, type Handshake } from './wire.js';

export interface Device {
  /** SHA-256 of the browser profile's cookie. */
  hash: string;
  label: string;
  /** SHA-256 of the login session. */
  loginHash: string;
}

/**
 * The handshake: who is signed in here, which client this browser is for him (made at the first time), and what the
 * server knows of it. The same user in the same browser always is the same client.
 */
export class GreetDevice implements ICommand {
  constructor(
    readonly device: Device,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(GreetDevice)
export class GreetDeviceHandler implements ICommandHandler<GreetDevice, Handshake> {
  constructor(private readonly em: EntityManager) {}

  async execute({ device, by }: GreetDevice): Promise<Handshake> {
    const { clientId, maxSeq, receivedUpTo } = await this.client(device, by);
    const [row] = await read<{ highest: number | null }>(
      this.em,
      'select max(seq) as highest from presence_operations where organization_id = :organization and client_id = :client',
      { client: clientId },
    );
    const now = clock.now();
    const { organization } = by;
    const hours = settingsOf(organization).offline_hours;
    return {
      user: { id: by.id, email: by.email, permissions: permissionsOf(by.role, organization.settings) },
      organization: { id: organization.id, slug: organization.slug },
      client_id: clientId,
      acknowledged_up_to: Number(row?.highest ?? 0),
      max_seq: maxSeq,
      received_up_to: receivedUpTo,
      server_time: now.toISOString(),
      server_epoch: await epochOf(this.em),
      min_protocol: PROTOCOL,
      offline_until: new Date(now.getTime() + hours * 3_600_000).toISOString(),
    };
  }

  private client({ hash, label, loginHash }: Device, by: SignedInUser): Promise<SyncClient> {
    return transact(this.em, 'sync.device_seen', async (tx) => {
      const now = clock.now();
      await noteDevice(tx, loginHash, hash);
      const known = await tx.findOne(SyncClient, { user: by.id, deviceHash: hash });
      if (known) {
        Object.assign(known, { label, loginHash, lastSeenAt: now });
        // Whoever signed in again on a revoked device has proven who he is.
        if (known.revokedAt && (await signedInAfter(tx, loginHash, known.revokedAt))) known.revokedAt = null;
        await tx.flush();
        return known;
      }
      const made = tx.create(SyncClient, {
        clientId: randomUUID(),
        user: by.id,
        deviceHash: hash,
        label,
        loginHash,
        lastSeenAt: now,
        maxSeq: 0,
        receivedUpTo: 0,
      });
      await tx.flush();
      return made;
    });
  }
}

/** Whether this login session began after that moment. */
async function signedInAfter(em: EntityManager, loginHash: string, moment: Date): Promise<boolean> {
  const rows = await read(
    em,
    'select 1 as yes from login_sessions where organization_id = :organization and token_hash = :login and created_at > :moment',
    { login: loginHash, moment },
  );
  return rows.length > 0;
}
