import { Migration } from '@mikro-orm/migrations';

/** Reports that come by mail, and each time that one was due. */
export class Migration20261127100000_report_schedules extends Migration {
  override name = 'Migration20261127100000_report_schedules';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`report_schedules\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`report\` varchar(50) not null, \`format\` varchar(10) not null, \`filters\` json not null, \`day_range\` varchar(20) not null, \`repeats\` varchar(10) not null, \`weekday\` int null, \`day_of_month\` int null, \`local_time\` varchar(5) not null, \`recipients\` json not null, \`is_active\` tinyint(1) not null default true, \`next_run_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`report_schedules\` add unique \`report_schedules_tenant_unique\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`report_schedules\` add index \`report_schedules_due_index\` (\`is_active\`, \`next_run_at\`);`,
    );
    this.addSql(
      `alter table \`report_schedules\` add index \`report_schedules_user_index\` (\`organization_id\`, \`user_id\`, \`id\`);`,
    );
    this.addSql(
      `create table \`report_schedule_runs\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`schedule_id\` bigint unsigned not null, \`period\` varchar(30) not null, \`status\` varchar(20) not null, \`export_id\` bigint null, \`attempts\` int not null default 0, \`next_attempt_at\` datetime(3) not null, \`claimed_until\` datetime(3) null, \`sent_to\` json not null, \`failure\` varchar(500) null, \`finished_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`report_schedule_runs\` add unique \`report_schedule_runs_period_unique\` (\`organization_id\`, \`schedule_id\`, \`period\`);`,
    );
    this.addSql(
      `alter table \`report_schedule_runs\` add index \`report_schedule_runs_due_index\` (\`status\`, \`next_attempt_at\`);`,
    );
    this.addSql(
      `alter table \`report_schedules\` add constraint \`report_schedules_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`report_schedules\` add constraint \`report_schedules_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`report_schedule_runs\` add constraint \`report_schedule_runs_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`report_schedule_runs\` add constraint \`report_schedule_runs_schedule_id_foreign\` foreign key (\`organization_id\`, \`schedule_id\`) references \`report_schedules\` (\`organization_id\`, \`id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`report_schedule_runs\`;`);
    this.addSql(`drop table if exists \`report_schedules\`;`);
  }
}
