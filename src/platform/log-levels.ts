import { type Config } from './config.js';

/** @returns the levels to log, from the most severe to LOG_LEVEL */
export function logLevels(config: Pick<Config, 'logLevel'>): ('fatal' | 'error' | 'warn' | 'log' | 'debug')[] {
  const levels = ['fatal', 'error', 'warn', 'log', 'debug'] as const;
  return levels.slice(0, levels.indexOf(config.logLevel) + 1);
}
