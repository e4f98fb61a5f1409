import { SaxesParser } from 'saxes';

/** A picture as elements that can be turned around before it is written again. */
export interface SvgElement {
  name: string;
  attributes: Record<string, string>;
  children: (SvgElement | string)[];
}

export const element = (
  name: string,
  attributes: Record<string, string | number>,
  ...children: (SvgElement | string)[]
): SvgElement => ({
  name,
  attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, String(value)])),
  children,
});

/** @returns the picture, without characters that XML cannot hold @throws when the text is no well-formed XML */
export function readSvg(text: string): SvgElement {
  const top = element('', {});
  const open = [top];
  const parser = new SaxesParser();
  parser.on('opentag', ({ name, attributes }) => {
    const child: SvgElement = { name, attributes: { ...attributes } as Record<string, string>, children: [] };
    open.at(-1)!.children.push(child);
    open.push(child);
  });
  parser.on('closetag', () => void open.pop());
  const write = (words: string) => void open.at(-1)!.children.push(words);
  parser.on('text', write);
  parser.on('cdata', write);
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(text.replace(UNWRITABLE, '')).close();
  return top.children.find((child) => typeof child !== 'string') as SvgElement;
}

export function writeSvg(node: SvgElement | string): string {
  if (typeof node === 'string') return escapeXml(node);
  const attributes = Object.entries(node.attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  const inside = node.children.map(writeSvg).join('');
  return `<${node.name}${attributes.join('')}${inside ? `>${inside}</${node.name}>` : '/>'}`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
// What XML cannot hold at all is left out.
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

const escapeXml = (text: string): string =>
  text.replace(UNWRITABLE, '').replace(/[&<>"']/g, (character) => ENTITIES[character]!);
