import { Migration } from '@mikro-orm/migrations';

/** What reports add up: where each session counts, the changes of marks, and their sums by group and by participant. */
export class Migration20261125000000_tallies extends Migration {
  override name = 'Migration20261125000000_tallies';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`group_tallies\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`group_id\` bigint not null, \`day\` date not null, \`hour\` int not null, \`presence_state_id\` bigint not null, \`marks\` int not null, \`disputed\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`group_tallies\` add index \`group_tallies_sums_index\` (\`organization_id\`, \`group_id\`, \`day\`, \`hour\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `alter table \`group_tallies\` add index \`group_tallies_day_index\` (\`organization_id\`, \`day\`, \`group_id\`, \`hour\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `alter table \`group_tallies\` add unique \`group_tallies_unique\` (\`organization_id\`, \`day\`, \`group_id\`, \`hour\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `create table \`participant_tallies\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`participant_id\` bigint not null, \`group_id\` bigint not null, \`span\` varchar(1) not null, \`starts_on\` date not null, \`presence_state_id\` bigint not null, \`marks\` int not null, \`disputed\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`participant_tallies\` add index \`participant_tallies_sums_index\` (\`organization_id\`, \`span\`, \`starts_on\`, \`participant_id\`, \`group_id\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `alter table \`participant_tallies\` add unique \`participant_tallies_unique\` (\`organization_id\`, \`participant_id\`, \`span\`, \`starts_on\`, \`group_id\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `create table \`tally_changes\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`participant_id\` bigint not null, \`group_id\` bigint not null, \`day\` date not null, \`hour\` int not null, \`presence_state_id\` bigint not null, \`marks\` int not null, \`disputed\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`tally_changes\` add index \`tally_changes_organization_id_index\` (\`organization_id\`);`,
    );
    this.addSql(
      `create table \`session_days\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`session_id\` bigint unsigned not null, \`group_id\` bigint not null, \`day\` date null, \`hour\` int null, \`time_zone\` varchar(64) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`session_days\` add index \`session_days_session_id_index\` (\`organization_id\`, \`session_id\`);`,
    );
    this.addSql(
      `alter table \`session_days\` add index \`session_days_day_index\` (\`organization_id\`, \`day\`, \`group_id\`, \`session_id\`);`,
    );
    this.addSql(
      `alter table \`session_days\` add index \`session_days_group_index\` (\`organization_id\`, \`group_id\`, \`day\`, \`session_id\`);`,
    );
    this.addSql(
      `alter table \`session_days\` add index \`session_days_zone_index\` (\`organization_id\`, \`time_zone\`);`,
    );
    this.addSql(
      `alter table \`session_days\` add unique \`session_days_unique\` (\`organization_id\`, \`session_id\`);`,
    );
    this.addSql(
      `alter table \`group_tallies\` add constraint \`group_tallies_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`participant_tallies\` add constraint \`participant_tallies_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`tally_changes\` add constraint \`tally_changes_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`session_days\` add constraint \`session_days_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`session_days\` add constraint \`session_days_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_person_index\` (\`organization_id\`, \`participant_id\`, \`session_id\`, \`presence_state_id\`, \`disputed\`);`,
    );
    this.addSql(`alter table \`presence_records\` drop index \`presence_records_participant_id_index\`;`);
    // Sessions that are there already are counted by the job of the reports, on their day by the organization's clocks.
    this.addSql(
      `insert into \`session_days\` (\`organization_id\`, \`created_at\`, \`updated_at\`, \`session_id\`, \`group_id\`, \`day\`, \`hour\`, \`time_zone\`) select organization_id, utc_timestamp(3), utc_timestamp(3), id, group_id, null, null, '' from sessions;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_participant_id_index\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(`alter table \`presence_records\` drop index \`presence_records_person_index\`;`);
    this.addSql(`drop table if exists \`participant_tallies\`;`);
    this.addSql(`drop table if exists \`group_tallies\`;`);
    this.addSql(`drop table if exists \`tally_changes\`;`);
    this.addSql(`drop table if exists \`session_days\`;`);
  }
}
