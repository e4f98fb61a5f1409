import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { endLoginSessions } from '../../auth/index.js';
import { clock } from '../../platform/clock.js';
import { transact } from '../../platform/database/transaction.js';
import { updateRows } from '../../platform/ledger/audited-rows.js';
import { SyncClient } from '../sync-client.entity.js';

/**
 * Takes a device out of use: whoever is signed in on that browser is signed out at once, all its users alike. What it
 * still holds stays on it, and can be brought after the next sign-in. Who: user.manage. Revoking again changes nothing.
 */
export class RevokeDevice implements ICommand {
  /** @param clientId id of the sync_clients row */
  constructor(readonly clientId: number) {}
}

@CommandHandler(RevokeDevice)
export class RevokeDeviceHandler implements ICommandHandler<RevokeDevice, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ clientId }: RevokeDevice): Promise<void> {
    await transact(this.em, 'device.revoked', async (tx) => {
      const { deviceHash } = await tx.findOneOrFail(SyncClient, { id: clientId });
      const clients = await tx.find(SyncClient, { deviceHash });
      await endLoginSessions(
        tx,
        clients.flatMap(({ loginHash }) => (loginHash ? [loginHash] : [])),
        deviceHash,
      );
      const revokedAt = clock.now();
      await updateRows(
        tx,
        SyncClient,
        clients
          .filter((client) => !client.revokedAt)
          .map((client) => ({ id: client.id, before: { revokedAt: null }, after: { revokedAt } })),
        { audited: true },
      );
    });
  }
}
