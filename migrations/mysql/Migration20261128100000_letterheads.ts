import { Migration } from '@mikro-orm/migrations';

/** The logo of an organization, for what it prints. */
export class Migration20261128100000_letterheads extends Migration {
  override name = 'Migration20261128100000_letterheads';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`organization_logos\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`digest\` varchar(64) not null, \`content\` blob not null, \`media_type\` varchar(50) not null, \`size\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`organization_logos\` add unique \`organization_logos_organization_unique\` (\`organization_id\`);`,
    );
    this.addSql(
      `alter table \`organization_logos\` add constraint \`organization_logos_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`organization_logos\` add index \`organization_logos_organization_id_index\` (\`organization_id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`organization_logos\`;`);
  }
}
