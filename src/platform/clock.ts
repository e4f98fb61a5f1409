import { Injectable } from '@nestjs/common';

/** The only source of "now". Tests put another one in its place. */
@Injectable()
export class Clock {
  /** @returns the present instant (UTC, milliseconds) */
  now(): Date {
    return new Date();
  }
}
