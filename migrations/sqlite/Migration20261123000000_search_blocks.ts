import { Migration } from '@mikro-orm/migrations';

export class Migration20261123000000_search_blocks extends Migration {
  override name = 'Migration20261123000000_search_blocks';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`participant_search_blocks\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`block\` integer not null, \`content\` blob not null, constraint \`participant_search_blocks_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create unique index \`participant_search_blocks_unique\` on \`participant_search_blocks\` (\`organization_id\`, \`block\`);`,
    );
    this.addSql(`drop index \`participants_active_index\`;`);
    this.addSql(
      `create index \`participants_active_index\` on \`participants\` (\`organization_id\`, \`is_active\`, \`sort_name\`, \`id\`);`,
    );
    // Who was there before: as src/participants/follow-search-blocks.ts writes it.
    this.addSql(
      `insert into \`participant_search_blocks\` (\`organization_id\`, \`created_at\`, \`updated_at\`, \`block\`, \`content\`)
       select organization_id, unixepoch() * 1000, unixepoch() * 1000, id / 128,
              cast(group_concat(substr(id || char(9) || is_active || char(9) || sort_name || char(9) || lower(coalesce(identifier, '')), 1, 120) || char(10), '' order by id) as blob)
         from participants where merged_into_id is null group by organization_id, id / 128;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop index \`participants_active_index\`;`);
    this.addSql(`create index \`participants_active_index\` on \`participants\` (\`organization_id\`, \`is_active\`);`);
    this.addSql(`drop table if exists \`participant_search_blocks\`;`);
  }
}
