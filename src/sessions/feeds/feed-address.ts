import { type Config } from '../../platform/config.js';
import { type AppRequest } from '../../platform/http/request.js';

/** @returns where people find this server: its public address, or the one by which it was asked */
export const addressOf = (request: AppRequest, config: Pick<Config, 'publicUrl'>): string =>
  config.publicUrl ?? `${request.protocol}://${request.get('host')}`;

/** @returns the address of a feed, which its token makes private */
export const feedAddress = (token: string, request: AppRequest, config: Pick<Config, 'publicUrl'>): string =>
  `${addressOf(request, config)}/calendar/${token}.ics`;
