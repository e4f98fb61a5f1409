import { type Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SaxesParser, type SaxesAttributeNS, type SaxesTagNS } from 'saxes';
import { TableRefused } from '../problem.js';

/** What is told of an XML part while it is read. Names are without their prefix. */
export interface XmlEvents {
  open?(name: string, attributes: Record<string, string>): void;
  close?(name: string): void;
  text?(text: string): void;
  /** Asked after each piece, and waited for: true ends the reading early. */
  done?(): boolean | Promise<boolean>;
}

/** The longest text or tag, in UTF-16 units: a cell holds 32,767 characters, each perhaps written as an entity. */
const LONGEST = 1_000_000;
/** How deep the elements of a workbook nest at most, and room to spare. */
const DEEPEST = 100;

/**
 * Reads an XML part piece by piece, with room for other work between the pieces. Entities of its own are not expanded:
 * there is no DTD, so nothing can grow out of a few letters.
 * @throws TableRefused for what is no well-formed XML, or whatever an event throws
 */
export async function readXml(stream: Readable, events: XmlEvents): Promise<void> {
  const parser = new SaxesParser({ xmlns: true });
  const faults: TableRefused[] = [];
  parser.on('doctype', () => faults.push(new TableRefused('broken_workbook')));
  parser.on('error', () => faults.push(new TableRefused('broken_workbook')));
  let depth = 0;
  // What the parser has read and not told yet, it holds in memory.
  let held = 0;
  parser.on('opentag', (tag: SaxesTagNS) => {
    held = 0;
    if (++depth > DEEPEST) faults.push(new TableRefused('broken_workbook'));
    const attributes: Record<string, string> = {};
    for (const each of Object.values(tag.attributes) as SaxesAttributeNS[]) attributes[each.local] = each.value;
    events.open?.(tag.local, attributes);
  });
  parser.on('closetag', (tag: SaxesTagNS) => {
    held = 0;
    depth--;
    events.close?.(tag.local);
  });
  parser.on('text', (text: string) => events.text?.(text));
  parser.on('cdata', (text: string) => events.text?.(text));
  stream.setEncoding('utf8');
  try {
    for await (const piece of stream.iterator({ destroyOnReturn: false })) {
      held += (piece as string).length;
      parser.write(piece as string);
      if (held > LONGEST) throw new TableRefused('broken_workbook');
      if (faults[0]) throw faults[0];
      if (await events.done?.()) return;
      await nextTurn();
    }
    parser.close();
    if (faults[0]) throw faults[0];
  } catch (error) {
    // Whatever the archive or the parser finds wrong is wrong with the file; a disk that fails is not.
    if (error instanceof TableRefused || (error as NodeJS.ErrnoException).syscall) throw error;
    throw new TableRefused('broken_workbook');
  } finally {
    // What is left runs out unread: cutting it off makes the library write into what it has closed. It is bounded (Archive).
    stream.on('error', () => undefined);
    stream.resume();
  }
}
