import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const root = resolve(import.meta.dirname, '..', '..');

/** Properties of objects whose text a person reads. */
const TOLD = new Set(['message', 'text', 'label', 'title', 'hint', 'error', 'meaning', 'template', 'one', 'many']);
/** What a sentence looks like: a word that begins it, more than one, and its end. */
const SENTENCE = /^[\p{Lu}{][^\n]*\s[^\n]*[.!?]$/u;
/** A colour may be a title's or a label's too; nobody translates it. */
const COLOUR = /^#[\da-f]{3,8}$/i;

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The texts of `t('...')` and `tn(count, 'one', 'other')` in the templates. */
function keysOfViews(): { plain: string[]; counted: Map<string, string> } {
  const quoted = String.raw`'((?:[^'\\]|\\.)*)'`;
  const plain: string[] = [];
  const counted = new Map<string, string>();
  const read = (key: string) => key.replace(/\\(.)/g, '$1');
  for (const file of filesIn('views', '.njk')) {
    const text = readFileSync(file, 'utf8');
    for (const [, key] of text.matchAll(new RegExp(String.raw`\bt\(\s*${quoted}`, 'g'))) plain.push(read(key!));
    for (const [, one, other] of text.matchAll(new RegExp(String.raw`\btn\([^,]+,\s*${quoted}\s*,\s*${quoted}`, 'g')))
      counted.set(read(other!), read(one!));
  }
  return { plain, counted };
}

/** Texts in the source that are shown to people: told by name of their property, or sentences by their look. */
function keysOfSource(): string[] {
  const keys: string[] = [];
  for (const file of filesIn('src', '.ts')) {
    if (/\/src\/(demo|cli|launch|main|worker)/.test(file)) continue;
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isStringLiteralLike(node) && isShown(node)) keys.push(node.text);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return keys;
}

function isShown(node: ts.StringLiteralLike): boolean {
  const { parent } = node;
  if (ts.isThrowStatement(parent.parent) && ts.isNewExpression(parent) && parent.expression.getText() === 'Error')
    return false;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return false;
  // The description of the API is read by programmers, in English.
  if (ts.isPropertyAssignment(parent) && parent.name.getText() === 'description') return false;
  if (ts.isPropertyAssignment(parent) && parent.initializer === node && TOLD.has(parent.name.getText()))
    return /\p{L}/u.test(node.text) && !COLOUR.test(node.text);
  return SENTENCE.test(node.text);
}

/**
 * Every text that a translator has to know.
 * @returns plain: texts, each once, sorted; counted: texts with a number, by the English plural, with the singular
 */
export function translationKeys(): { plain: string[]; counted: Map<string, string> } {
  const { plain, counted } = keysOfViews();
  const all = new Set([...plain, ...keysOfSource()]);
  for (const key of counted.keys()) all.delete(key);
  return { plain: [...all].sort(), counted };
}
