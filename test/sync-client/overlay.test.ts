import { describe, expect, it } from '@jest/globals';
import { lastAct, overlay, undoOf } from '../../static/js/sync/overlay.js';
import { Device, present, refusal } from './device.js';

async function register() {
  const device = new Device();
  const { engine, binding } = await device.tab();
  const ops = () => engine.opsOfSession(binding, 5);
  return { device, engine, binding, ops };
}
const shown = (state: string | null, revision: number) => ({ state, revision });

describe('what a row shows', () => {
  it('shows the mark that waits, then what came of it', async () => {
    const { device, engine, binding, ops } = await register();
    expect(overlay(shown('late', 2), await ops())).toMatchObject({ state: 'late', revision: 2, face: '' });
    await engine.capture(binding, [present(1, { shown_revision: 2 })]);
    expect(overlay(shown('late', 2), await ops())).toMatchObject({ state: 'present', face: 'device' });
    device.server.judge = () => ({ outcome: 'applied', revision: 3 });
    await engine.drain();
    expect(overlay(shown('late', 2), await ops())).toMatchObject({ state: 'present', revision: 3, face: 'saved' });
    expect(overlay(shown('present', 3), await ops())).toMatchObject({ state: 'present', revision: 3, face: '' });
    // A page that is newer than this device knows better.
    expect(overlay(shown('absent', 4), await ops())).toMatchObject({ state: 'absent', revision: 4, face: '' });
  });

  it('shows both marks of a conflict until the person chose', async () => {
    const { device, engine, binding, ops } = await register();
    const current = {
      presence_state: 'late',
      revision: 5,
      note: null,
      recorded_by: 'Bruno',
      received_at: '',
      disputed: true,
    };
    device.server.judge = () => ({ outcome: 'conflict', revision: 5, conflict_id: 3, current });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    const face = overlay(shown(null, 0), await ops());
    expect(face).toMatchObject({ state: 'late', revision: 5, face: 'disputed', mine: 'present', theirs: current });
    expect(await engine.withdraw(binding, face.op_id!)).toBe(true);
    expect(overlay(shown(null, 0), await ops())).toMatchObject({ state: 'late', revision: 5, face: '' });
  });

  it('of several marks of one cell that clashed, asks about the newest alone; with the choice all of them are settled', async () => {
    const { device, engine, binding, ops } = await register();
    const current = {
      presence_state: 'late',
      revision: 1,
      note: null,
      recorded_by: 'Ana',
      received_at: '',
      disputed: true,
    };
    device.server.judge = () => ({ outcome: 'conflict', revision: 1, conflict_id: 3, current });
    await engine.capture(binding, [present(1)]);
    await engine.capture(binding, [present(1, { presence_state: null })]);
    await engine.capture(binding, [present(1, { presence_state: 'absent' })]);
    await engine.drain();
    const face = overlay(shown(null, 0), await ops());
    expect(face).toMatchObject({ face: 'disputed', mine: 'absent' });
    // Settled by an administrator a moment before: that is no reason to go on asking.
    device.server.rule = ({ address }) => (address.endsWith('withdraw') ? refusal(409, 'stale') : undefined);
    expect(await engine.withdraw(binding, face.op_id!)).toBe(true);
    expect(overlay(shown(null, 0), await ops())).toMatchObject({ state: 'late', revision: 1, face: '' });
  });

  it('says so when nobody could be asked, and goes on asking', async () => {
    const { device, engine, binding, ops } = await register();
    device.server.judge = () => ({ outcome: 'conflict', revision: 1, conflict_id: 3 });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    device.server.rule = () => refusal(500, 'internal');
    expect(await engine.withdraw(binding, (await ops())[0]!.op_id)).toBe(false);
    expect(overlay(shown(null, 0), await ops())).toMatchObject({ face: 'disputed' });
  });

  it('does not tell again what the person decided, when a restored server only repeats it', async () => {
    const { device, engine, binding, ops } = await register();
    const current = {
      presence_state: 'late',
      revision: 5,
      note: null,
      recorded_by: 'Bruno',
      received_at: '',
      disputed: false,
    };
    device.server.judge = () => ({ outcome: 'conflict', revision: 5, conflict_id: 3, current });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    await engine.withdraw(binding, (await ops())[0]!.op_id);
    device.server.epoch = 'epoch-2';
    await engine.wake(true);
    expect((await ops())[0]).toMatchObject({ status: 'settled', outcome: 'duplicate', first: 'conflict' });
    expect(overlay(shown('late', 5), await ops())).toMatchObject({ state: 'late', face: '' });
    // It lost the conflict as well: this is another one, and nobody has decided it.
    device.server.kept.clear();
    device.server.epoch = 'epoch-3';
    await engine.wake(true);
    expect(overlay(shown('late', 5), await ops())).toMatchObject({ state: 'late', face: 'disputed' });
  });

  it('shows what was refused or parked until it is read or marked again', async () => {
    const { device, engine, binding, ops } = await register();
    device.server.judge = () => ({ outcome: 'parked', code: 'session_locked' });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    const parked = overlay(shown('late', 0), await ops());
    expect(parked).toMatchObject({ state: 'late', face: 'parked', code: 'session_locked', mine: 'present' });
    await engine.dismiss(binding, parked.op_id!);
    expect(overlay(shown('late', 0), await ops())).toMatchObject({ face: '' });
    device.server.judge = () => ({ outcome: 'rejected', code: 'unknown_target' });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    expect(overlay(shown('late', 0), await ops())).toMatchObject({
      state: 'late',
      face: 'refused',
      code: 'unknown_target',
    });
    await engine.capture(binding, [present(1)]);
    expect(overlay(shown('late', 0), await ops())).toMatchObject({ state: 'present', face: 'device', code: null });
  });
});

describe('undo', () => {
  it('takes back the newest act as a whole, on top of it, and is not itself undone', async () => {
    const { engine, binding, ops } = await register();
    await engine.capture(binding, [present(1, { shown_state: 'late', shown_revision: 1 })]);
    const act = { act_id: '00000000-0000-7000-8000-00000000abcd' };
    const bulk = await engine.capture(binding, [present(2, act), present(3, { ...act, shown_state: 'absent' })]);
    await engine.capture(binding, [{ ...present(3), presence_state: 'excused', shown_state: 'present' }]);
    expect(lastAct(await ops())).toMatchObject({ rows: [{ person: 3 }], waiting: true });
    const before = await ops();
    const whole = lastAct(before.slice(0, 3))!;
    expect(whole.id).toBe(act.act_id);
    // Person 3 was marked again since: left as he is.
    const undo = undoOf(whole, before, 'undo-act');
    expect(undo).toMatchObject([{ participant_id: 2, presence_state: null, undoes: bulk[0]!.op_id }]);
    const made = await engine.capture(binding, undo);
    expect(made).toMatchObject([{ base: { op: bulk[0]!.op_id }, presence_state: null }]);
    expect(made[0]).not.toHaveProperty('undoes');
    expect(lastAct(await ops())).toBe(null);
  });
});
