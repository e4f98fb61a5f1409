// Run by Node itself, outside of the test runner: lints texts as if they stood in files of the product.
// In: JSON [{ path, code }]. Out: JSON { forbidden, unaudited, results, idle }, where `results` holds the messages of
// the forbidden calls of each text, and `idle` the exceptions that no file needs.
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { FORBIDDEN, UNAUDITED } from '../../eslint.config.mjs';

// The texts stand in no project, and these rules ask for no types.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });

async function forbiddenIn({ path, code }) {
  const [result] = await eslint.lintText(code, { filePath: path });
  const fatal = result.messages.find((message) => message.fatal);
  if (fatal) throw new Error(`${path}: ${fatal.message}`);
  return result.messages.filter((each) => each.ruleId === 'no-restricted-syntax').map((each) => each.message);
}

const results = [];
for (const each of JSON.parse(await text(process.stdin))) results.push(await forbiddenIn(each));

const idle = [];
const withoutException = new Map();
for (const { name, message, allowed } of FORBIDDEN)
  for (const path of Object.keys(allowed).filter((each) => !each.includes('*'))) {
    if (existsSync(path) && !withoutException.has(path))
      withoutException.set(
        path,
        await forbiddenIn({ path: 'src/participants/bad.ts', code: readFileSync(path, 'utf8') }),
      );
    if (!withoutException.get(path)?.includes(message)) idle.push(`${name}: ${path}`);
  }
console.log(JSON.stringify({ forbidden: FORBIDDEN, unaudited: UNAUDITED, results, idle }));
