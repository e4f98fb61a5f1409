import { Migration } from '@mikro-orm/migrations';

/** What reports add up: where each session counts, the changes of marks, and their sums by group and by participant. */
export class Migration20261125000000_tallies extends Migration {
  override name = 'Migration20261125000000_tallies';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`group_tallies\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`group_id\` integer not null, \`day\` date not null, \`hour\` integer not null, \`presence_state_id\` integer not null, \`marks\` integer not null, \`disputed\` integer not null, constraint \`group_tallies_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create index \`group_tallies_sums_index\` on \`group_tallies\` (\`organization_id\`, \`group_id\`, \`day\`, \`hour\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `create index \`group_tallies_day_index\` on \`group_tallies\` (\`organization_id\`, \`day\`, \`group_id\`, \`hour\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `create unique index \`group_tallies_unique\` on \`group_tallies\` (\`organization_id\`, \`day\`, \`group_id\`, \`hour\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `create table \`participant_tallies\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`participant_id\` integer not null, \`group_id\` integer not null, \`span\` text not null, \`starts_on\` date not null, \`presence_state_id\` integer not null, \`marks\` integer not null, \`disputed\` integer not null, constraint \`participant_tallies_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create index \`participant_tallies_sums_index\` on \`participant_tallies\` (\`organization_id\`, \`span\`, \`starts_on\`, \`participant_id\`, \`group_id\`, \`presence_state_id\`, \`marks\`, \`disputed\`);`,
    );
    this.addSql(
      `create unique index \`participant_tallies_unique\` on \`participant_tallies\` (\`organization_id\`, \`participant_id\`, \`span\`, \`starts_on\`, \`group_id\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `create table \`tally_changes\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`participant_id\` integer not null, \`group_id\` integer not null, \`day\` date not null, \`hour\` integer not null, \`presence_state_id\` integer not null, \`marks\` integer not null, \`disputed\` integer not null, constraint \`tally_changes_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(`create index \`tally_changes_organization_id_index\` on \`tally_changes\` (\`organization_id\`);`);
    this.addSql(
      `create table \`session_days\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`session_id\` bigint not null, \`group_id\` integer not null, \`day\` date null, \`hour\` integer null, \`time_zone\` text not null, constraint \`session_days_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`session_days_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`session_days_session_id_index\` on \`session_days\` (\`organization_id\`, \`session_id\`);`,
    );
    this.addSql(
      `create index \`session_days_day_index\` on \`session_days\` (\`organization_id\`, \`day\`, \`group_id\`, \`session_id\`);`,
    );
    this.addSql(
      `create index \`session_days_group_index\` on \`session_days\` (\`organization_id\`, \`group_id\`, \`day\`, \`session_id\`);`,
    );
    this.addSql(`create index \`session_days_zone_index\` on \`session_days\` (\`organization_id\`, \`time_zone\`);`);
    this.addSql(
      `create unique index \`session_days_unique\` on \`session_days\` (\`organization_id\`, \`session_id\`);`,
    );
    this.addSql(
      `create index \`presence_records_person_index\` on \`presence_records\` (\`organization_id\`, \`participant_id\`, \`session_id\`, \`presence_state_id\`, \`disputed\`);`,
    );
    this.addSql(`drop index \`presence_records_participant_id_index\`;`);
    // Sessions that are there already are counted by the job of the reports, on their day by the organization's clocks.
    this.addSql(
      `insert into \`session_days\` (\`organization_id\`, \`created_at\`, \`updated_at\`, \`session_id\`, \`group_id\`, \`day\`, \`hour\`, \`time_zone\`) select organization_id, unixepoch() * 1000, unixepoch() * 1000, id, group_id, null, null, '' from sessions;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(
      `create index \`presence_records_participant_id_index\` on \`presence_records\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(`drop index \`presence_records_person_index\`;`);
    this.addSql(`drop table if exists \`participant_tallies\`;`);
    this.addSql(`drop table if exists \`group_tallies\`;`);
    this.addSql(`drop table if exists \`tally_changes\`;`);
    this.addSql(`drop table if exists \`session_days\`;`);
  }
}
