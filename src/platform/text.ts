import { createHash, hash } from 'node:crypto';
import canonicalizeJson from 'canonicalize';

/** Letters with a stroke of their own, which Unicode does not take apart: people type them without. */
const PLAIN: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  þ: 'th',
};

/**
 * The form in which text is searched and sorted: no accents, lower case, single spaces.
 * The same on every database, because it is made here and not by a collation.
 */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mn}+/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðħıþ]/g, (letter) => PLAIN[letter]!)
    .replace(/\s+/gu, ' ')
    .trim();
}

/** The one JSON text of a value (RFC 8785): sorted keys, no spaces. What is hashed is always this. */
export function canonicalJson(value: unknown): string {
  return canonicalizeJson(value) ?? 'null';
}

/** SHA-256 of a text (UTF-8), 64 lower-case hex digits. */
export function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

/**
 * RFC 9562 version 5 UUID: the same name in the same name space is always the same id.
 * @param namespace a UUID
 */
export function uuidV5(namespace: string, name: string): string {
  const bytes = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** @returns what a table says under a word that came from outside: never what every object has, such as `constructor` */
export function entryOf<T>(table: Record<string, T>, word: unknown): T | undefined {
  return typeof word === 'string' && Object.hasOwn(table, word) ? table[word] : undefined;
}
