import { describe, expect, it } from '@jest/globals';
import { ConfigError, databaseTarget } from '../../src/platform/config.js';

describe('the address of a database', () => {
  it('says how many connections one process opens, which is no part of what the server is told', () => {
    expect(databaseTarget('mysql://ana:secret@db:3306/presence?connections=30&ssl=x')).toEqual({
      kind: 'mysql',
      url: 'mysql://ana:secret@db:3306/presence?ssl=x',
      name: 'presence',
      connections: 30,
    });
    expect(databaseTarget('mysql://db/presence')).toMatchObject({ url: 'mysql://db/presence', connections: 12 });
  });

  it.each([
    ['mysql://db/presence?connections=1', /from 2 to 500/],
    ['mysql://db/presence?connections=many', /"connections" must be a whole number/],
    ['mysql://db/presence?connections=1e2', /"connections" must be a whole number/],
    ['mysql://db/', /must end in a database name/],
    ['postgres://db/presence', /must start with sqlite: or mysql:/],
    ['sqlite:', /must start with sqlite: or mysql:/],
  ])('%s is refused with a sentence', (url, sentence) => {
    expect(() => databaseTarget(url)).toThrow(ConfigError);
    expect(() => databaseTarget(url)).toThrow(sentence);
  });
});
