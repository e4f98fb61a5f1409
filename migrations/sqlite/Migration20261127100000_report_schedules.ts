import { Migration } from '@mikro-orm/migrations';

/** Reports that come by mail, and each time that one was due. */
export class Migration20261127100000_report_schedules extends Migration {
  override name = 'Migration20261127100000_report_schedules';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`report_schedules\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`report\` text not null, \`format\` text not null, \`filters\` json not null, \`day_range\` text not null, \`repeats\` text not null, \`weekday\` integer null, \`day_of_month\` integer null, \`local_time\` text not null, \`recipients\` json not null, \`is_active\` integer not null default true, \`next_run_at\` datetime not null, constraint \`report_schedules_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`report_schedules_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create unique index \`report_schedules_tenant_unique\` on \`report_schedules\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `create index \`report_schedules_due_index\` on \`report_schedules\` (\`is_active\`, \`next_run_at\`);`,
    );
    this.addSql(
      `create index \`report_schedules_user_index\` on \`report_schedules\` (\`organization_id\`, \`user_id\`, \`id\`);`,
    );
    this.addSql(
      `create table \`report_schedule_runs\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`schedule_id\` bigint not null, \`period\` text not null, \`status\` text not null, \`export_id\` integer null, \`attempts\` integer not null default 0, \`next_attempt_at\` datetime not null, \`claimed_until\` datetime null, \`sent_to\` json not null, \`failure\` text null, \`finished_at\` datetime null, constraint \`report_schedule_runs_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`report_schedule_runs_schedule_id_foreign\` foreign key (\`organization_id\`, \`schedule_id\`) references \`report_schedules\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create unique index \`report_schedule_runs_period_unique\` on \`report_schedule_runs\` (\`organization_id\`, \`schedule_id\`, \`period\`);`,
    );
    this.addSql(
      `create index \`report_schedule_runs_due_index\` on \`report_schedule_runs\` (\`status\`, \`next_attempt_at\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`report_schedule_runs\`;`);
    this.addSql(`drop table if exists \`report_schedules\`;`);
  }
}
