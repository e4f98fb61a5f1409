import { Migration } from '@mikro-orm/migrations';

/** Files that somebody asked for, made in the background. */
export class Migration20261126100000_exports extends Migration {
  override name = 'Migration20261126100000_exports';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`exports\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`report\` text not null, \`format\` text not null, \`filters\` json not null, \`bom\` integer not null default false, \`status\` text not null, \`total\` integer not null default 0, \`processed\` integer not null default 0, \`file_name\` text not null, \`file_path\` text null, \`bytes\` integer not null, \`reach\` json null, \`failure\` text null, \`claimed_until\` datetime null, \`claim\` integer not null default 0, \`finished_at\` datetime null, \`expires_at\` datetime null, constraint \`exports_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`exports_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`exports_status_index\` on \`exports\` (\`status\`, \`claimed_until\`);`);
    this.addSql(`create index \`exports_user_index\` on \`exports\` (\`organization_id\`, \`user_id\`, \`id\`);`);
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`exports\`;`);
  }
}
