import { Migration } from '@mikro-orm/migrations';

export class Migration20261120000000_first_roll_call extends Migration {
  override name = 'Migration20261120000000_first_roll_call';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`audit_logs\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint not null, \`table_name\` varchar(100) not null, \`record_id\` bigint not null, \`action\` varchar(20) not null, \`fact\` varchar(60) not null, \`changed_by\` bigint null, \`old_values\` text null, \`new_values\` text null, \`old_digest\` varchar(64) null, \`new_digest\` varchar(64) null, \`digest\` varchar(64) not null, \`changed_at\` datetime(3) not null, \`source\` varchar(10) not null, \`source_device\` varchar(100) null, \`request_id\` varchar(64) null, \`op_id\` varchar(36) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`audit_logs\` add index \`audit_logs_record_index\` (\`organization_id\`, \`table_name\`, \`record_id\`);`,
    );
    this.addSql(
      `alter table \`audit_logs\` add index \`audit_logs_changed_at_index\` (\`organization_id\`, \`changed_at\`);`,
    );
    this.addSql(
      `alter table \`audit_logs\` add index \`audit_logs_changed_by_index\` (\`organization_id\`, \`changed_by\`);`,
    );

    this.addSql(
      `create table \`organizations\` (\`id\` bigint unsigned not null auto_increment primary key, \`name\` varchar(255) not null, \`slug\` varchar(50) collate utf8mb4_0900_bin not null, \`domain_type\` varchar(50) not null, \`time_zone\` varchar(64) not null, \`locale\` varchar(35) not null, \`settings\` json not null, \`deleted_at\` datetime(3) null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`organizations\` add unique \`organizations_slug_unique\` (\`slug\`);`);
    this.addSql(`alter table \`organizations\` add index \`organizations_domain_type_index\` (\`domain_type\`);`);

    this.addSql(
      `create table \`groups\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`parent_id\` bigint unsigned null, \`name\` varchar(255) not null, \`external_id\` varchar(100) collate utf8mb4_0900_bin null, \`group_type\` varchar(50) not null, \`extra_data\` json not null, \`is_active\` tinyint(1) not null default true, \`sort_name\` varchar(300) collate utf8mb4_0900_bin not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`groups\` add index \`groups_parent_id_index\` (\`organization_id\`, \`parent_id\`);`);
    this.addSql(`alter table \`groups\` add index \`groups_sort_index\` (\`organization_id\`, \`sort_name\`, \`id\`);`);
    this.addSql(`alter table \`groups\` add index \`groups_type_index\` (\`organization_id\`, \`group_type\`);`);
    this.addSql(
      `alter table \`groups\` add unique \`groups_external_id_unique\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(`alter table \`groups\` add unique \`groups_tenant_unique\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`participants\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`external_id\` varchar(100) collate utf8mb4_0900_bin null, \`first_name\` varchar(100) not null, \`last_name\` varchar(100) not null, \`identifier\` varchar(100) collate utf8mb4_0900_bin null, \`date_of_birth\` date null, \`email\` varchar(255) collate utf8mb4_0900_bin null, \`phone\` varchar(50) null, \`photo\` varchar(100) null, \`extra_data\` json not null, \`is_active\` tinyint(1) not null default true, \`merged_into_id\` bigint unsigned null, \`anonymized_at\` datetime(3) null, \`sort_name\` varchar(420) collate utf8mb4_0900_bin not null, \`search_text\` varchar(700) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`participants\` add index \`participants_merged_into_id_index\` (\`organization_id\`, \`merged_into_id\`);`,
    );
    this.addSql(
      `alter table \`participants\` add index \`participants_sort_index\` (\`organization_id\`, \`sort_name\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`participants\` add index \`participants_active_index\` (\`organization_id\`, \`is_active\`);`,
    );
    this.addSql(
      `alter table \`participants\` add unique \`participants_identifier_unique\` (\`organization_id\`, \`identifier\`);`,
    );
    this.addSql(
      `alter table \`participants\` add unique \`participants_external_id_unique\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(
      `alter table \`participants\` add unique \`participants_tenant_unique\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`group_memberships\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`group_id\` bigint unsigned not null, \`participant_id\` bigint unsigned not null, \`joined_on\` date not null, \`left_on\` date null, \`extra_data\` json not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`group_memberships\` add index \`group_memberships_participant_id_index\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `alter table \`group_memberships\` add unique \`group_memberships_unique\` (\`organization_id\`, \`group_id\`, \`participant_id\`, \`joined_on\`);`,
    );

    this.addSql(
      `create table \`presence_states\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`domain\` varchar(50) not null, \`code\` varchar(50) collate utf8mb4_0900_bin not null, \`label\` varchar(100) not null, \`color\` varchar(7) not null, \`category\` varchar(20) not null, \`shortcut\` varchar(1) null, \`sort_order\` int not null, \`is_default\` tinyint(1) not null default false, \`is_active\` tinyint(1) not null default true) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`presence_states\` add unique \`presence_states_code_unique\` (\`organization_id\`, \`domain\`, \`code\`);`,
    );
    this.addSql(
      `alter table \`presence_states\` add unique \`presence_states_tenant_unique\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`sign_in_failures\` (\`id\` bigint unsigned not null auto_increment primary key, \`key_hash\` varchar(64) not null, \`failures\` int not null, \`blocked_until\` datetime(3) not null, \`last_failed_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`sign_in_failures\` add unique \`sign_in_failures_key_hash_unique\` (\`key_hash\`);`);
    this.addSql(
      `alter table \`sign_in_failures\` add index \`sign_in_failures_last_failed_at_index\` (\`last_failed_at\`);`,
    );

    this.addSql(
      `create table \`users\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`email\` varchar(255) collate utf8mb4_0900_bin not null, \`password_hash\` varchar(255) null, \`first_name\` varchar(100) not null, \`last_name\` varchar(100) not null, \`external_id\` varchar(100) collate utf8mb4_0900_bin null, \`role\` varchar(50) not null, \`status\` varchar(20) not null, \`participant_id\` bigint null, \`last_login_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`users\` add index \`users_email_index\` (\`email\`);`);
    this.addSql(`alter table \`users\` add unique \`users_email_unique\` (\`organization_id\`, \`email\`);`);
    this.addSql(
      `alter table \`users\` add unique \`users_external_id_unique\` (\`organization_id\`, \`external_id\`);`,
    );
    this.addSql(`alter table \`users\` add unique \`users_tenant_unique\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`sessions\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`group_id\` bigint unsigned not null, \`name\` varchar(255) not null, \`location\` varchar(255) null, \`scheduled_start_at\` datetime(3) not null, \`scheduled_end_at\` datetime(3) not null, \`actual_start_at\` datetime(3) null, \`actual_end_at\` datetime(3) null, \`status\` varchar(20) not null, \`locked_at\` datetime(3) null, \`register_completed_at\` datetime(3) null, \`register_completed_by\` bigint unsigned null, \`series_id\` bigint null, \`extra_data\` json not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`sessions\` add index \`sessions_group_id_index\` (\`organization_id\`, \`group_id\`);`);
    this.addSql(
      `alter table \`sessions\` add index \`sessions_register_completed_by_index\` (\`organization_id\`, \`register_completed_by\`);`,
    );
    this.addSql(
      `alter table \`sessions\` add index \`sessions_start_index\` (\`organization_id\`, \`scheduled_start_at\`, \`id\`);`,
    );
    this.addSql(`alter table \`sessions\` add unique \`sessions_tenant_unique\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`presence_records\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`session_id\` bigint unsigned not null, \`participant_id\` bigint unsigned not null, \`presence_state_id\` bigint unsigned null, \`revision\` int not null, \`note\` varchar(2000) null, \`reason\` varchar(2000) null, \`arrived_at\` datetime(3) null, \`left_at\` datetime(3) null, \`recorded_at\` datetime(3) not null, \`received_at\` datetime(3) not null, \`recorded_by\` bigint unsigned null, \`source\` varchar(10) not null, \`source_device_id\` varchar(100) null, \`op_id\` varchar(36) not null, \`disputed\` tinyint(1) not null default false, \`extra_data\` json not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_participant_id_index\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_presence_state_id_index\` (\`organization_id\`, \`presence_state_id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_recorded_by_index\` (\`organization_id\`, \`recorded_by\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add index \`presence_records_received_index\` (\`organization_id\`, \`received_at\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add unique \`presence_records_cell_unique\` (\`organization_id\`, \`session_id\`, \`participant_id\`);`,
    );

    this.addSql(
      `create table \`presence_operations\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`op_id\` varchar(36) not null, \`hash\` varchar(64) not null, \`session_id\` bigint null, \`participant_id\` bigint null, \`author_id\` bigint unsigned not null, \`adopted_by\` bigint unsigned null, \`client_id\` varchar(36) null, \`seq\` bigint null, \`kind\` varchar(20) not null, \`body\` text not null, \`outcome\` varchar(20) not null, \`code\` varchar(40) collate utf8mb4_0900_bin null, \`flags\` varchar(200) null, \`revision\` int null, \`answer\` text null, \`source\` varchar(10) not null, \`conflict_id\` bigint null, \`batch_id\` varchar(36) null, \`recorded_at\` datetime(3) not null, \`corrected_at\` datetime(3) not null, \`received_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_author_id_index\` (\`organization_id\`, \`author_id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_adopted_by_index\` (\`organization_id\`, \`adopted_by\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_cell_index\` (\`organization_id\`, \`session_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_batch_index\` (\`organization_id\`, \`batch_id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_act_index\` (\`organization_id\`, \`session_id\`, \`author_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add unique \`presence_operations_op_unique\` (\`organization_id\`, \`op_id\`);`,
    );

    this.addSql(
      `create table \`login_sessions\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`token_hash\` varchar(64) not null, \`data\` text not null, \`device_label\` varchar(200) not null, \`ip\` varchar(64) not null, \`expires_at\` datetime(3) not null, \`last_seen_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`login_sessions\` add index \`login_sessions_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(`alter table \`login_sessions\` add unique \`login_sessions_token_hash_unique\` (\`token_hash\`);`);
    this.addSql(`alter table \`login_sessions\` add index \`login_sessions_expires_at_index\` (\`expires_at\`);`);

    this.addSql(
      `create table \`imports\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned null, \`kind\` varchar(40) not null, \`file_name\` varchar(255) not null, \`file_hash\` varchar(64) not null, \`file_path\` varchar(255) not null, \`shape\` json not null, \`mapping\` json not null, \`status\` varchar(20) not null, \`dry_run\` tinyint(1) not null default false, \`on_error\` varchar(10) not null, \`total\` int not null default 0, \`processed\` int not null default 0, \`created_count\` int not null default 0, \`updated_count\` int not null default 0, \`unchanged_count\` int not null default 0, \`skipped_count\` int not null default 0, \`failed_count\` int not null default 0, \`errors_count\` int not null default 0, \`warnings_count\` int not null default 0, \`checkpoint\` int not null default 0, \`failure\` varchar(500) null, \`claimed_until\` datetime(3) null, \`claim\` int not null default 0, \`finished_at\` datetime(3) null, \`undone_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`imports\` add index \`imports_user_id_index\` (\`organization_id\`, \`user_id\`);`);
    this.addSql(`alter table \`imports\` add index \`imports_status_index\` (\`status\`, \`claimed_until\`);`);
    this.addSql(`alter table \`imports\` add unique \`imports_tenant_unique\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`import_rows\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`import_id\` bigint unsigned not null, \`row_number\` int not null, \`outcome\` varchar(20) not null, \`table_name\` varchar(40) null, \`record_id\` bigint null, \`before_values\` text null, \`after_values\` text null, \`errors\` text null, \`undone\` varchar(20) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`import_rows\` add index \`import_rows_import_index\` (\`organization_id\`, \`import_id\`, \`row_number\`);`,
    );

    this.addSql(
      `create table \`group_assignments\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`group_id\` bigint unsigned not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`group_assignments\` add index \`group_assignments_group_id_index\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(
      `alter table \`group_assignments\` add unique \`group_assignments_unique\` (\`organization_id\`, \`user_id\`, \`group_id\`);`,
    );

    this.addSql(
      `alter table \`groups\` add constraint \`groups_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`groups\` add constraint \`groups_parent_id_foreign\` foreign key (\`organization_id\`, \`parent_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`participants\` add constraint \`participants_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`participants\` add constraint \`participants_merged_into_id_foreign\` foreign key (\`organization_id\`, \`merged_into_id\`) references \`participants\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`group_memberships\` add constraint \`group_memberships_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`group_memberships\` add constraint \`group_memberships_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`group_memberships\` add constraint \`group_memberships_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`presence_states\` add constraint \`presence_states_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`users\` add constraint \`users_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`sessions\` add constraint \`sessions_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`sessions\` add constraint \`sessions_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`sessions\` add constraint \`sessions_register_completed_by_foreign\` foreign key (\`organization_id\`, \`register_completed_by\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`presence_records\` add constraint \`presence_records_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`presence_records\` add constraint \`presence_records_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add constraint \`presence_records_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add constraint \`presence_records_presence_state_id_foreign\` foreign key (\`organization_id\`, \`presence_state_id\`) references \`presence_states\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_records\` add constraint \`presence_records_recorded_by_foreign\` foreign key (\`organization_id\`, \`recorded_by\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`presence_operations\` add constraint \`presence_operations_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`presence_operations\` add constraint \`presence_operations_author_id_foreign\` foreign key (\`organization_id\`, \`author_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add constraint \`presence_operations_adopted_by_foreign\` foreign key (\`organization_id\`, \`adopted_by\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`login_sessions\` add constraint \`login_sessions_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`login_sessions\` add constraint \`login_sessions_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`imports\` add constraint \`imports_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`imports\` add constraint \`imports_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`import_rows\` add constraint \`import_rows_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`import_rows\` add constraint \`import_rows_import_id_foreign\` foreign key (\`organization_id\`, \`import_id\`) references \`imports\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`group_assignments\` add constraint \`group_assignments_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`group_assignments\` add constraint \`group_assignments_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`group_assignments\` add constraint \`group_assignments_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`groups\` drop foreign key \`groups_organization_id_foreign\`;`);
    this.addSql(`alter table \`participants\` drop foreign key \`participants_organization_id_foreign\`;`);
    this.addSql(`alter table \`group_memberships\` drop foreign key \`group_memberships_organization_id_foreign\`;`);
    this.addSql(`alter table \`presence_states\` drop foreign key \`presence_states_organization_id_foreign\`;`);
    this.addSql(`alter table \`users\` drop foreign key \`users_organization_id_foreign\`;`);
    this.addSql(`alter table \`sessions\` drop foreign key \`sessions_organization_id_foreign\`;`);
    this.addSql(`alter table \`presence_records\` drop foreign key \`presence_records_organization_id_foreign\`;`);
    this.addSql(
      `alter table \`presence_operations\` drop foreign key \`presence_operations_organization_id_foreign\`;`,
    );
    this.addSql(`alter table \`login_sessions\` drop foreign key \`login_sessions_organization_id_foreign\`;`);
    this.addSql(`alter table \`imports\` drop foreign key \`imports_organization_id_foreign\`;`);
    this.addSql(`alter table \`import_rows\` drop foreign key \`import_rows_organization_id_foreign\`;`);
    this.addSql(`alter table \`group_assignments\` drop foreign key \`group_assignments_organization_id_foreign\`;`);
    this.addSql(`alter table \`groups\` drop foreign key \`groups_parent_id_foreign\`;`);
    this.addSql(`alter table \`group_memberships\` drop foreign key \`group_memberships_group_id_foreign\`;`);
    this.addSql(`alter table \`sessions\` drop foreign key \`sessions_group_id_foreign\`;`);
    this.addSql(`alter table \`group_assignments\` drop foreign key \`group_assignments_group_id_foreign\`;`);
    this.addSql(`alter table \`participants\` drop foreign key \`participants_merged_into_id_foreign\`;`);
    this.addSql(`alter table \`group_memberships\` drop foreign key \`group_memberships_participant_id_foreign\`;`);
    this.addSql(`alter table \`presence_records\` drop foreign key \`presence_records_participant_id_foreign\`;`);
    this.addSql(`alter table \`presence_records\` drop foreign key \`presence_records_presence_state_id_foreign\`;`);
    this.addSql(`alter table \`sessions\` drop foreign key \`sessions_register_completed_by_foreign\`;`);
    this.addSql(`alter table \`presence_records\` drop foreign key \`presence_records_recorded_by_foreign\`;`);
    this.addSql(`alter table \`presence_operations\` drop foreign key \`presence_operations_author_id_foreign\`;`);
    this.addSql(`alter table \`presence_operations\` drop foreign key \`presence_operations_adopted_by_foreign\`;`);
    this.addSql(`alter table \`login_sessions\` drop foreign key \`login_sessions_user_id_foreign\`;`);
    this.addSql(`alter table \`imports\` drop foreign key \`imports_user_id_foreign\`;`);
    this.addSql(`alter table \`group_assignments\` drop foreign key \`group_assignments_user_id_foreign\`;`);
    this.addSql(`alter table \`presence_records\` drop foreign key \`presence_records_session_id_foreign\`;`);
    this.addSql(`alter table \`import_rows\` drop foreign key \`import_rows_import_id_foreign\`;`);

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
