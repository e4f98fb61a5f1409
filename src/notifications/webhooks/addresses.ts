import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { promisify } from 'node:util';
import { type Config } from '../../platform/config.js';
import { invalid } from '../../platform/http/problem.js';

/** Networks that are not the public internet. @see RFC 6890, the IANA special-purpose address registries */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
/** Of IPv6 only 2000::/3 is the public internet, and of that some parts are not, or lead into IPv4. */
const PUBLIC6 = new BlockList();
PUBLIC6.addSubnet('2000::', 3, 'ipv6');
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** @returns whether an address belongs to the public internet */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !PRIVATE.check(address, 'ipv4');
  return family === 6 && PUBLIC6.check(address, 'ipv6') && !PRIVATE.check(address, 'ipv6');
}

/** An address leads into the own network. */
export class PrivateAddress extends Error {}

/**
 * Resolves a name for a connection, and answers only what it may be connected to: what is checked is what is used, so a
 * name that answers differently the second time gains nothing.
 */
export const publicOnly: LookupFunction = (hostname, options, callback) => {
  resolve(hostname, { ...options, all: true }, (error, found) => {
    if (error) return callback(error, '', 0);
    const addresses = found as unknown as LookupAddress[];
    const refused = addresses.find(({ address }) => !isPublic(address));
    if (refused || addresses.length === 0)
      return callback(new PrivateAddress(`${hostname} leads to an address that is not public`), '', 0);
    if (options.all) return callback(null, addresses as never);
    return callback(null, addresses[0]!.address, addresses[0]!.family);
  });
};

/** @returns the host of a URL as an IP address, or null when it is a name */
export function literalAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return isIP(host) ? host : null;
}

/**
 * What can be seen of an address when it is set; the connection itself looks again.
 * @throws Problem 422 for an address of the own network, or one without encryption, unless that is configured
 */
export async function refusePrivateAddress(text: string, config: Pick<Config, 'webhooksToPrivate'>): Promise<void> {
  if (config.webhooksToPrivate) return;
  const url = new URL(text);
  if (url.protocol !== 'https:') throw invalid('url', 'A webhook needs an encrypted address: https.');
  const literal = literalAddress(url);
  const addresses = literal ? [literal] : await namesOf(url.hostname);
  if (addresses.some((address) => !isPublic(address)))
    throw invalid('url', 'This address lies in a private network, and nothing is sent there.');
}

/** A name that does not resolve today may do so tomorrow: it is let in, and its deliveries tell. */
async function namesOf(host: string): Promise<string[]> {
  try {
    return (await promisify(resolve)(host, { all: true })).map(({ address }) => address);
  } catch {
    return [];
  }
}
