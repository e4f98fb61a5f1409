import { Migration } from '@mikro-orm/migrations';

/** The logo of an organization, for what it prints. */
export class Migration20261128100000_letterheads extends Migration {
  override name = 'Migration20261128100000_letterheads';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`organization_logos\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`digest\` text not null, \`content\` blob not null, \`media_type\` text not null, \`size\` integer not null, constraint \`organization_logos_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create unique index \`organization_logos_organization_unique\` on \`organization_logos\` (\`organization_id\`);`,
    );
    this.addSql(
      `create index \`organization_logos_organization_id_index\` on \`organization_logos\` (\`organization_id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`organization_logos\`;`);
  }
}
