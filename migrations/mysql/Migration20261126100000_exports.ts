import { Migration } from '@mikro-orm/migrations';

/** Files that somebody asked for, made in the background. */
export class Migration20261126100000_exports extends Migration {
  override name = 'Migration20261126100000_exports';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`exports\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`report\` varchar(50) not null, \`format\` varchar(10) not null, \`filters\` json not null, \`bom\` tinyint(1) not null default false, \`status\` varchar(20) not null, \`total\` int not null default 0, \`processed\` int not null default 0, \`file_name\` varchar(255) not null, \`file_path\` varchar(64) null, \`bytes\` bigint not null, \`reach\` json null, \`failure\` varchar(500) null, \`claimed_until\` datetime(3) null, \`claim\` int not null default 0, \`finished_at\` datetime(3) null, \`expires_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`exports\` add index \`exports_status_index\` (\`status\`, \`claimed_until\`);`);
    this.addSql(`alter table \`exports\` add index \`exports_user_index\` (\`organization_id\`, \`user_id\`, \`id\`);`);
    this.addSql(
      `alter table \`exports\` add constraint \`exports_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`exports\` add constraint \`exports_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`exports\`;`);
  }
}
