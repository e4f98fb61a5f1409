import { Migration } from '@mikro-orm/migrations';

export class Migration20261120000000_first_roll_call extends Migration {
  override name = 'Migration20261120000000_first_roll_call';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`audit_logs\` (\`id\` integer not null primary key autoincrement, \`organization_id\` integer not null, \`table_name\` text not null, \`record_id\` integer not null, \`action\` text not null, \`fact\` text not null, \`changed_by\` integer null, \`old_values\` text null, \`new_values\` text null, \`old_digest\` text null, \`new_digest\` text null, \`digest\` text not null, \`changed_at\` datetime not null, \`source\` text not null, \`source_device\` text null, \`request_id\` text null, \`op_id\` text null);`,
    );
    this.addSql(
      `create index \`audit_logs_record_index\` on \`audit_logs\` (\`organization_id\`, \`table_name\`, \`record_id\`);`,
    );
    this.addSql(
      `create index \`audit_logs_changed_at_index\` on \`audit_logs\` (\`organization_id\`, \`changed_at\`);`,
    );
    this.addSql(
      `create index \`audit_logs_changed_by_index\` on \`audit_logs\` (\`organization_id\`, \`changed_by\`);`,
    );

    this.addSql(
      `create table \`organizations\` (\`id\` integer not null primary key autoincrement, \`name\` text not null, \`slug\` text not null, \`domain_type\` text not null, \`time_zone\` text not null, \`locale\` text not null, \`settings\` json not null, \`deleted_at\` datetime null, \`created_at\` datetime not null, \`updated_at\` datetime not null);`,
    );
    this.addSql(`create unique index \`organizations_slug_unique\` on \`organizations\` (\`slug\`);`);
    this.addSql(`create index \`organizations_domain_type_index\` on \`organizations\` (\`domain_type\`);`);

    this.addSql(
      `create table \`groups\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`parent_id\` bigint null, \`name\` text not null, \`external_id\` text null, \`group_type\` text not null, \`extra_data\` json not null, \`is_active\` integer not null default true, \`sort_name\` text not null, constraint \`groups_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`groups_parent_id_foreign\` foreign key (\`organization_id\`, \`parent_id\`) references \`groups\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`groups_parent_id_index\` on \`groups\` (\`organization_id\`, \`parent_id\`);`);
    this.addSql(`create index \`groups_sort_index\` on \`groups\` (\`organization_id\`, \`sort_name\`, \`id\`);`);
    this.addSql(`create index \`groups_type_index\` on \`groups\` (\`organization_id\`, \`group_type\`);`);
    this.addSql(
      `create unique index \`groups_external_id_unique\` on \`groups\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(`create unique index \`groups_tenant_unique\` on \`groups\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`participants\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`external_id\` text null, \`first_name\` text not null, \`last_name\` text not null, \`identifier\` text null, \`date_of_birth\` date null, \`email\` text null, \`phone\` text null, \`photo\` text null, \`extra_data\` json not null, \`is_active\` integer not null default true, \`merged_into_id\` bigint null, \`anonymized_at\` datetime null, \`sort_name\` text not null, \`search_text\` text not null, constraint \`participants_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`participants_merged_into_id_foreign\` foreign key (\`organization_id\`, \`merged_into_id\`) references \`participants\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`participants_merged_into_id_index\` on \`participants\` (\`organization_id\`, \`merged_into_id\`);`,
    );
    this.addSql(
      `create index \`participants_sort_index\` on \`participants\` (\`organization_id\`, \`sort_name\`, \`id\`);`,
    );
    this.addSql(`create index \`participants_active_index\` on \`participants\` (\`organization_id\`, \`is_active\`);`);
    this.addSql(
      `create unique index \`participants_identifier_unique\` on \`participants\` (\`organization_id\`, \`identifier\`);`,
    );
    this.addSql(
      `create unique index \`participants_external_id_unique\` on \`participants\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(
      `create unique index \`participants_tenant_unique\` on \`participants\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`group_memberships\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`group_id\` bigint not null, \`participant_id\` bigint not null, \`joined_on\` date not null, \`left_on\` date null, \`extra_data\` json not null, constraint \`group_memberships_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`group_memberships_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`), constraint \`group_memberships_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`group_memberships_participant_id_index\` on \`group_memberships\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `create unique index \`group_memberships_unique\` on \`group_memberships\` (\`organization_id\`, \`group_id\`, \`participant_id\`, \`joined_on\`);`,
    );

    this.addSql(
      `create table \`presence_states\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`domain\` text not null, \`code\` text not null, \`label\` text not null, \`color\` text not null, \`category\` text not null, \`shortcut\` text null, \`sort_order\` integer not null, \`is_default\` integer not null default false, \`is_active\` integer not null default true, constraint \`presence_states_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create unique index \`presence_states_code_unique\` on \`presence_states\` (\`organization_id\`, \`domain\`, \`code\`);`,
    );
    this.addSql(
      `create unique index \`presence_states_tenant_unique\` on \`presence_states\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`sign_in_failures\` (\`id\` integer not null primary key autoincrement, \`key_hash\` text not null, \`failures\` integer not null, \`blocked_until\` datetime not null, \`last_failed_at\` datetime not null);`,
    );
    this.addSql(`create unique index \`sign_in_failures_key_hash_unique\` on \`sign_in_failures\` (\`key_hash\`);`);
    this.addSql(`create index \`sign_in_failures_last_failed_at_index\` on \`sign_in_failures\` (\`last_failed_at\`);`);

    this.addSql(
      `create table \`users\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`email\` text not null, \`password_hash\` text null, \`first_name\` text not null, \`last_name\` text not null, \`external_id\` text null, \`role\` text not null, \`status\` text not null, \`participant_id\` integer null, \`last_login_at\` datetime null, constraint \`users_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(`create index \`users_email_index\` on \`users\` (\`email\`);`);
    this.addSql(`create unique index \`users_email_unique\` on \`users\` (\`organization_id\`, \`email\`);`);
    this.addSql(
      `create unique index \`users_external_id_unique\` on \`users\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(`create unique index \`users_tenant_unique\` on \`users\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`sessions\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`group_id\` bigint not null, \`name\` text not null, \`location\` text null, \`scheduled_start_at\` datetime not null, \`scheduled_end_at\` datetime not null, \`actual_start_at\` datetime null, \`actual_end_at\` datetime null, \`status\` text not null, \`locked_at\` datetime null, \`register_completed_at\` datetime null, \`register_completed_by\` bigint null, \`series_id\` integer null, \`extra_data\` json not null, constraint \`sessions_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`sessions_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`), constraint \`sessions_register_completed_by_foreign\` foreign key (\`organization_id\`, \`register_completed_by\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`sessions_group_id_index\` on \`sessions\` (\`organization_id\`, \`group_id\`);`);
    this.addSql(
      `create index \`sessions_register_completed_by_index\` on \`sessions\` (\`organization_id\`, \`register_completed_by\`);`,
    );
    this.addSql(
      `create index \`sessions_start_index\` on \`sessions\` (\`organization_id\`, \`scheduled_start_at\`, \`id\`);`,
    );
    this.addSql(`create unique index \`sessions_tenant_unique\` on \`sessions\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`presence_records\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`session_id\` bigint not null, \`participant_id\` bigint not null, \`presence_state_id\` bigint null, \`revision\` integer not null, \`note\` text null, \`reason\` text null, \`arrived_at\` datetime null, \`left_at\` datetime null, \`recorded_at\` datetime not null, \`received_at\` datetime not null, \`recorded_by\` bigint null, \`source\` text not null, \`source_device_id\` text null, \`op_id\` text not null, \`disputed\` integer not null default false, \`extra_data\` json not null, constraint \`presence_records_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`presence_records_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`), constraint \`presence_records_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`), constraint \`presence_records_presence_state_id_foreign\` foreign key (\`organization_id\`, \`presence_state_id\`) references \`presence_states\` (\`organization_id\`, \`id\`), constraint \`presence_records_recorded_by_foreign\` foreign key (\`organization_id\`, \`recorded_by\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`presence_records_participant_id_index\` on \`presence_records\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `create index \`presence_records_presence_state_id_index\` on \`presence_records\` (\`organization_id\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `create index \`presence_records_recorded_by_index\` on \`presence_records\` (\`organization_id\`, \`recorded_by\`);`,
    );
    this.addSql(
      `create index \`presence_records_received_index\` on \`presence_records\` (\`organization_id\`, \`received_at\`);`,
    );
    this.addSql(
      `create unique index \`presence_records_cell_unique\` on \`presence_records\` (\`organization_id\`, \`session_id\`, \`participant_id\`);`,
    );

    this.addSql(
      `create table \`presence_operations\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`op_id\` text not null, \`hash\` text not null, \`session_id\` integer null, \`participant_id\` integer null, \`author_id\` bigint not null, \`adopted_by\` bigint null, \`client_id\` text null, \`seq\` integer null, \`kind\` text not null, \`body\` text not null, \`outcome\` text not null, \`code\` text null, \`flags\` text null, \`revision\` integer null, \`answer\` text null, \`source\` text not null, \`conflict_id\` integer null, \`batch_id\` text null, \`recorded_at\` datetime not null, \`corrected_at\` datetime not null, \`received_at\` datetime not null, constraint \`presence_operations_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`presence_operations_author_id_foreign\` foreign key (\`organization_id\`, \`author_id\`) references \`users\` (\`organization_id\`, \`id\`), constraint \`presence_operations_adopted_by_foreign\` foreign key (\`organization_id\`, \`adopted_by\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`presence_operations_author_id_index\` on \`presence_operations\` (\`organization_id\`, \`author_id\`);`,
    );
    this.addSql(
      `create index \`presence_operations_adopted_by_index\` on \`presence_operations\` (\`organization_id\`, \`adopted_by\`);`,
    );
    this.addSql(
      `create index \`presence_operations_cell_index\` on \`presence_operations\` (\`organization_id\`, \`session_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `create index \`presence_operations_batch_index\` on \`presence_operations\` (\`organization_id\`, \`batch_id\`);`,
    );
    this.addSql(
      `create index \`presence_operations_act_index\` on \`presence_operations\` (\`organization_id\`, \`session_id\`, \`author_id\`, \`id\`);`,
    );
    this.addSql(
      `create unique index \`presence_operations_op_unique\` on \`presence_operations\` (\`organization_id\`, \`op_id\`);`,
    );

    this.addSql(
      `create table \`login_sessions\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`token_hash\` text not null, \`data\` text not null, \`device_label\` text not null, \`ip\` text not null, \`expires_at\` datetime not null, \`last_seen_at\` datetime not null, constraint \`login_sessions_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`login_sessions_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`login_sessions_user_id_index\` on \`login_sessions\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(`create unique index \`login_sessions_token_hash_unique\` on \`login_sessions\` (\`token_hash\`);`);
    this.addSql(`create index \`login_sessions_expires_at_index\` on \`login_sessions\` (\`expires_at\`);`);

    this.addSql(
      `create table \`imports\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint null, \`kind\` text not null, \`file_name\` text not null, \`file_hash\` text not null, \`file_path\` text not null, \`shape\` json not null, \`mapping\` json not null, \`status\` text not null, \`dry_run\` integer not null default false, \`on_error\` text not null, \`total\` integer not null default 0, \`processed\` integer not null default 0, \`created_count\` integer not null default 0, \`updated_count\` integer not null default 0, \`unchanged_count\` integer not null default 0, \`skipped_count\` integer not null default 0, \`failed_count\` integer not null default 0, \`errors_count\` integer not null default 0, \`warnings_count\` integer not null default 0, \`checkpoint\` integer not null default 0, \`failure\` text null, \`claimed_until\` datetime null, \`claim\` integer not null default 0, \`finished_at\` datetime null, \`undone_at\` datetime null, constraint \`imports_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`imports_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`imports_user_id_index\` on \`imports\` (\`organization_id\`, \`user_id\`);`);
    this.addSql(`create index \`imports_status_index\` on \`imports\` (\`status\`, \`claimed_until\`);`);
    this.addSql(`create unique index \`imports_tenant_unique\` on \`imports\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`import_rows\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`import_id\` bigint not null, \`row_number\` integer not null, \`outcome\` text not null, \`table_name\` text null, \`record_id\` integer null, \`before_values\` text null, \`after_values\` text null, \`errors\` text null, \`undone\` text null, constraint \`import_rows_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`import_rows_import_id_foreign\` foreign key (\`organization_id\`, \`import_id\`) references \`imports\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`import_rows_import_index\` on \`import_rows\` (\`organization_id\`, \`import_id\`, \`row_number\`);`,
    );

    this.addSql(
      `create table \`group_assignments\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`group_id\` bigint not null, constraint \`group_assignments_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`group_assignments_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`), constraint \`group_assignments_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`group_assignments_group_id_index\` on \`group_assignments\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(
      `create unique index \`group_assignments_unique\` on \`group_assignments\` (\`organization_id\`, \`user_id\`, \`group_id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`audit_logs\`;`);
    this.addSql(`drop table if exists \`organizations\`;`);
    this.addSql(`drop table if exists \`groups\`;`);
    this.addSql(`drop table if exists \`participants\`;`);
    this.addSql(`drop table if exists \`group_memberships\`;`);
    this.addSql(`drop table if exists \`presence_states\`;`);
    this.addSql(`drop table if exists \`sign_in_failures\`;`);
    this.addSql(`drop table if exists \`users\`;`);
    this.addSql(`drop table if exists \`sessions\`;`);
    this.addSql(`drop table if exists \`presence_records\`;`);
    this.addSql(`drop table if exists \`presence_operations\`;`);
    this.addSql(`drop table if exists \`login_sessions\`;`);
    this.addSql(`drop table if exists \`imports\`;`);
    this.addSql(`drop table if exists \`import_rows\`;`);
    this.addSql(`drop table if exists \`group_assignments\`;`);
  }
}
