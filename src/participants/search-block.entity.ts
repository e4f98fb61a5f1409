import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';

/** People of one block: those whose ids are the same when divided by this. Small enough to be written with each change. */
export const PEOPLE_IN_BLOCK = 128;

/**
 * What a search looks into: the folded names and identifiers of up to 128 people in one row, so that 100,000 people are
 * read as 800 rows. Derived from `participants` in the transaction of every change: see follow-search-blocks.ts.
 */
const SearchBlockSchema = defineEntity({
  name: 'SearchBlock',
  tableName: 'participant_search_blocks',
  properties: {
    ...tenantColumns,
    /** The ids of its people, divided by PEOPLE_IN_BLOCK. */
    block: p.bigint('number'),
    /** A line a person, UTF-8: id, 1 while active else 0, sort_name (two columns), folded identifier; tabs between. */
    content: p.blob().$type<Buffer>(),
  },
  uniques: [{ name: 'participant_search_blocks_unique', properties: ['organization', 'block'] }],
});

export class SearchBlock extends SearchBlockSchema.class {}
SearchBlockSchema.setClass(SearchBlock);
