// Run by Node itself, outside of the test runner: lints texts as if they stood in files of the product.
// In: JSON [{ path, code }]. Out: JSON { forbidden, results }, with the messages of the forbidden calls of each text.
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { FORBIDDEN } from '../../eslint.config.mjs';

const texts = JSON.parse(await text(process.stdin));
// The texts stand in no project, and these rules ask for no types.
const eslint = new ESLint({ overrideConfig: [tseslint.configs.disableTypeChecked] });
const results = [];
for (const { path, code } of texts) {
  const [result] = await eslint.lintText(code, { filePath: path });
  const fatal = result.messages.find((message) => message.fatal);
  if (fatal) throw new Error(`${path}: ${fatal.message}`);
  results.push(result.messages.filter((each) => each.ruleId === 'no-restricted-syntax').map((each) => each.message));
}
console.log(JSON.stringify({ forbidden: FORBIDDEN, results }));
