import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../platform/current.js';
import { read } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { invalid, notFound } from '../platform/http/problem.js';
import { Organization } from '../tenancy/index.js';
import { PresenceState } from './presence-state.entity.js';
import { lockStates, type NewState, refuseUnusableStates, type StateChange, stateInUse } from './state-input.js';
import { stateJson } from './states.query.js';

/** A new answer to "who is present?". @returns its id @throws Problem 422 */
export class CreateState implements ICommand {
  constructor(readonly input: NewState) {}
}

/** A state is renamed, coloured, counted otherwise, retired or taken up again. @throws Problem 412, 422 */
export class ChangeState implements ICommand {
  constructor(
    readonly id: number,
    readonly input: StateChange,
    readonly expected: string | null = null,
  ) {}
}

/** A state that nobody was ever marked with goes. @throws Problem 409 `in_use`, 422 */
export class DeleteState implements ICommand {
  constructor(
    readonly id: number,
    readonly expected: string | null = null,
  ) {}
}

/** The states stand in another order. @param ids all of them, the first first @throws Problem 422 when one is missing or unknown */
export class OrderStates implements ICommand {
  constructor(readonly ids: number[]) {}
}

/** The domain now, and its states, held until the commit. */
async function held(tx: EntityManager): Promise<{ domain: PresenceState['domain']; states: PresenceState[] }> {
  const { domainType } = await tx.findOneOrFail(Organization, { id: currentOrganization() });
  return { domain: domainType, states: await lockStates(tx, domainType) };
}

function find(states: PresenceState[], id: number): PresenceState {
  const state = states.find((each) => each.id === id);
  if (!state) throw notFound();
  return state;
}

function makeDefault(states: PresenceState[], chosen: PresenceState): void {
  for (const state of states) state.isDefault = state === chosen;
}

@CommandHandler(CreateState)
export class CreateStateHandler implements ICommandHandler<CreateState, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: CreateState): Promise<number> {
    return transact(this.em, 'presence_state.created', async (tx) => {
      const { domain, states } = await held(tx);
      if (states.some((state) => state.code === input.code))
        throw invalid('code', 'There is a state with this code already.', 'taken');
      const last = states.at(-1)?.sortOrder ?? 0;
      const state = tx.create(PresenceState, {
        domain,
        code: input.code,
        label: input.label,
        color: input.color,
        category: input.category,
        shortcut: input.shortcut ?? null,
        sortOrder: input.sort_order ?? last + 1,
        isDefault: false,
        isActive: true,
      });
      const all = [...states, state];
      if (input.is_default) makeDefault(all, state);
      refuseUnusableStates(all, state);
      await tx.flush();
      return state.id;
    });
  }
}

@CommandHandler(ChangeState)
export class ChangeStateHandler implements ICommandHandler<ChangeState, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, expected }: ChangeState): Promise<void> {
    await transact(this.em, 'presence_state.changed', async (tx) => {
      const { states } = await held(tx);
      const state = find(states, id);
      refuseChanged(expected, stateJson(state));
      if (input.label !== undefined) state.label = input.label;
      if (input.color !== undefined) state.color = input.color;
      if (input.category !== undefined) state.category = input.category;
      if (input.shortcut !== undefined) state.shortcut = input.shortcut;
      if (input.sort_order !== undefined) state.sortOrder = input.sort_order;
      if (input.is_active !== undefined) state.isActive = input.is_active;
      if (input.is_default === true) makeDefault(states, state);
      if (input.is_default === false) state.isDefault = false;
      refuseUnusableStates(states, state);
      await tx.flush();
    });
  }
}

@CommandHandler(DeleteState)
export class DeleteStateHandler implements ICommandHandler<DeleteState, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, expected }: DeleteState): Promise<void> {
    await transact(this.em, 'presence_state.deleted', async (tx) => {
      const { states } = await held(tx);
      const state = find(states, id);
      refuseChanged(expected, stateJson(state));
      if (await wasUsed(tx, state)) throw stateInUse();
      if (state.isDefault) throw invalid('is_default', 'This is the default. Make another one the default first.');
      state.isActive = false;
      refuseUnusableStates(
        states.filter((each) => each !== state),
        state,
      );
      tx.remove(state);
      await tx.flush();
    });
  }
}

/** Whether a mark has or had it, or an operation, waiting ones included, names it. */
async function wasUsed(tx: EntityManager, state: PresenceState): Promise<boolean> {
  const rows = await read(
    tx,
    `select 1 as yes from presence_records where organization_id = :organization and presence_state_id = :id
     union all
     select 1 as yes from presence_operations where organization_id = :organization and body like :named limit 1`,
    { id: state.id, named: `%"presence_state":"${state.code}"%` },
  );
  return rows.length > 0;
}

@CommandHandler(OrderStates)
export class OrderStatesHandler implements ICommandHandler<OrderStates, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ ids }: OrderStates): Promise<void> {
    await transact(this.em, 'presence_state.ordered', async (tx) => {
      const { states } = await held(tx);
      const known = new Map(states.map((state) => [state.id, state]));
      if (ids.some((id) => !known.has(id))) throw invalid('ids', 'There is no state with one of these ids.', 'unknown');
      if (new Set(ids).size !== states.length || ids.length !== states.length)
        throw invalid('ids', 'Name every state once.');
      ids.forEach((id, at) => (known.get(id)!.sortOrder = at + 1));
      await tx.flush();
    });
  }
}
