import { Migration } from '@mikro-orm/migrations';

export class Migration20261123000000_search_blocks extends Migration {
  override name = 'Migration20261123000000_search_blocks';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`participant_search_blocks\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`block\` bigint not null, \`content\` blob not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`participant_search_blocks\` add unique \`participant_search_blocks_unique\` (\`organization_id\`, \`block\`);`,
    );
    this.addSql(
      `alter table \`participant_search_blocks\` add constraint \`participant_search_blocks_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(`alter table \`participants\` drop index \`participants_active_index\`;`);
    this.addSql(
      `alter table \`participants\` add index \`participants_active_index\` (\`organization_id\`, \`is_active\`, \`sort_name\`, \`id\`);`,
    );
    // Who was there before: as src/participants/follow-search-blocks.ts writes it.
    this.addSql(`set session group_concat_max_len = 65535;`);
    this.addSql(
      `insert into \`participant_search_blocks\` (\`organization_id\`, \`created_at\`, \`updated_at\`, \`block\`, \`content\`)
       select organization_id, utc_timestamp(3), utc_timestamp(3), id div 128,
              group_concat(left(concat(id, char(9), is_active, char(9), sort_name, char(9), lower(coalesce(identifier, ''))), 120), char(10) order by id separator '')
         from participants where merged_into_id is null group by organization_id, id div 128;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`participants\` drop index \`participants_active_index\`;`);
    this.addSql(
      `alter table \`participants\` add index \`participants_active_index\` (\`organization_id\`, \`is_active\`);`,
    );
    this.addSql(`drop table if exists \`participant_search_blocks\`;`);
  }
}
