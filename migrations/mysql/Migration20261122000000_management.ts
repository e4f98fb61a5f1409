import { Migration } from '@mikro-orm/migrations';

export class Migration20261122000000_management extends Migration {
  override name = 'Migration20261122000000_management';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`import_mappings\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`kind\` varchar(20) not null, \`head_hash\` varchar(64) not null, \`mapping\` json not null, \`used_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`import_mappings\` add unique \`import_mappings_head_unique\` (\`organization_id\`, \`kind\`, \`head_hash\`);`,
    );

    this.addSql(
      `create table \`closing_days\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`name\` varchar(255) not null, \`from_on\` date not null, \`to_on\` date not null, \`group_id\` bigint unsigned null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`closing_days\` add index \`closing_days_group_id_index\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(`alter table \`closing_days\` add index \`closing_days_to_index\` (\`organization_id\`, \`to_on\`);`);

    this.addSql(
      `create table \`outbox\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`fact\` varchar(50) not null, \`record_id\` bigint not null, \`payload\` text not null, \`attempts\` int not null, \`next_attempt_at\` datetime(3) not null, \`claimed_until\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`outbox\` add index \`outbox_next_index\` (\`next_attempt_at\`, \`id\`);`);

    this.addSql(
      `create table \`participant_photos\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`digest\` varchar(64) not null, \`content\` blob not null, \`media_type\` varchar(50) not null, \`size\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`participant_photos\` add unique \`participant_photos_digest_unique\` (\`organization_id\`, \`digest\`);`,
    );

    this.addSql(
      `create table \`session_series\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`group_id\` bigint unsigned not null, \`name\` varchar(255) not null, \`location\` varchar(255) null, \`recurrence\` varchar(500) not null, \`local_start\` varchar(16) not null, \`time_zone\` varchar(64) not null, \`minutes\` int not null, \`extra_data\` json not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`session_series\` add index \`session_series_group_id_index\` (\`organization_id\`, \`group_id\`);`,
    );

    this.addSql(
      `create table \`session_templates\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`name\` varchar(255) not null, \`location\` varchar(255) null, \`minutes\` int not null, \`start_time\` varchar(5) null, \`sort_order\` int not null, \`is_active\` tinyint(1) not null default true) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`session_templates\` add index \`session_templates_organization_id_index\` (\`organization_id\`);`,
    );

    this.addSql(
      `create table \`recovery_codes\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`code_hash\` varchar(64) not null, \`used_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`recovery_codes\` add index \`recovery_codes_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );

    this.addSql(
      `create table \`calendar_feeds\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`group_id\` bigint unsigned null, \`token_hash\` varchar(64) not null, \`last_used_at\` datetime(3) null, \`revoked_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`calendar_feeds\` add index \`calendar_feeds_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(
      `alter table \`calendar_feeds\` add index \`calendar_feeds_group_id_index\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(`alter table \`calendar_feeds\` add unique \`calendar_feeds_token_hash_unique\` (\`token_hash\`);`);

    this.addSql(
      `create table \`api_tokens\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`name\` varchar(100) not null, \`token_hash\` varchar(64) not null, \`hint\` varchar(16) not null, \`scopes\` json not null, \`expires_at\` datetime(3) not null, \`last_used_at\` datetime(3) null, \`revoked_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`api_tokens\` add index \`api_tokens_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(`alter table \`api_tokens\` add unique \`api_tokens_token_hash_unique\` (\`token_hash\`);`);

    this.addSql(
      `create table \`user_tokens\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`user_id\` bigint unsigned not null, \`purpose\` varchar(20) not null, \`token_hash\` varchar(64) not null, \`expires_at\` datetime(3) not null, \`used_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`user_tokens\` add index \`user_tokens_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(`alter table \`user_tokens\` add unique \`user_tokens_token_hash_unique\` (\`token_hash\`);`);

    this.addSql(
      `create table \`webhooks\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`name\` varchar(100) not null, \`url\` varchar(1000) not null, \`secret\` varchar(100) not null, \`facts\` json not null, \`is_active\` tinyint(1) not null default true) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`webhooks\` add unique \`webhooks_tenant_unique\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`webhook_deliveries\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`webhook_id\` bigint unsigned not null, \`event_id\` varchar(36) not null, \`fact\` varchar(50) not null, \`record_id\` bigint not null, \`payload\` text not null, \`status\` varchar(20) not null, \`attempts\` int not null, \`next_attempt_at\` datetime(3) null, \`claimed_until\` datetime(3) null, \`last_attempt_at\` datetime(3) null, \`response_status\` int null, \`error\` varchar(500) null, \`delivered_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`webhook_deliveries\` add index \`webhook_deliveries_next_index\` (\`status\`, \`next_attempt_at\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`webhook_deliveries\` add unique \`webhook_deliveries_event_unique\` (\`organization_id\`, \`webhook_id\`, \`event_id\`);`,
    );

    this.addSql(
      `alter table \`users\` add \`locale\` varchar(35) null, add \`totp_secret\` varchar(100) null, add \`totp_enabled_at\` datetime(3) null, add \`totp_last_step\` bigint null;`,
    );

    this.addSql(
      `alter table \`sessions\` add \`unlocked_at\` datetime(3) null, add \`occurs_at\` datetime(3) null, add \`detached\` tinyint(1) not null default false, add \`external_id\` varchar(255) collate utf8mb4_0900_bin null;`,
    );
    this.addSql(
      `alter table \`sessions\` add index \`sessions_series_index\` (\`organization_id\`, \`series_id\`, \`occurs_at\`);`,
    );
    this.addSql(
      `alter table \`sessions\` add unique \`sessions_external_id_unique\` (\`organization_id\`, \`external_id\`);`,
    );

    this.addSql(
      `alter table \`import_mappings\` add constraint \`import_mappings_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`closing_days\` add constraint \`closing_days_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`closing_days\` add constraint \`closing_days_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`participant_photos\` add constraint \`participant_photos_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`session_series\` add constraint \`session_series_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`session_series\` add constraint \`session_series_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`session_templates\` add constraint \`session_templates_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`recovery_codes\` add constraint \`recovery_codes_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`recovery_codes\` add constraint \`recovery_codes_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`calendar_feeds\` add constraint \`calendar_feeds_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`calendar_feeds\` add constraint \`calendar_feeds_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`calendar_feeds\` add constraint \`calendar_feeds_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`api_tokens\` add constraint \`api_tokens_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`api_tokens\` add constraint \`api_tokens_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`user_tokens\` add constraint \`user_tokens_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`user_tokens\` add constraint \`user_tokens_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`webhooks\` add constraint \`webhooks_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );

    this.addSql(
      `alter table \`webhook_deliveries\` add constraint \`webhook_deliveries_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`webhook_deliveries\` add constraint \`webhook_deliveries_webhook_id_foreign\` foreign key (\`organization_id\`, \`webhook_id\`) references \`webhooks\` (\`organization_id\`, \`id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`webhook_deliveries\` drop foreign key \`webhook_deliveries_webhook_id_foreign\`;`);

    this.addSql(`drop table if exists \`import_mappings\`;`);
    this.addSql(`drop table if exists \`closing_days\`;`);
    this.addSql(`drop table if exists \`outbox\`;`);
    this.addSql(`drop table if exists \`participant_photos\`;`);
    this.addSql(`drop table if exists \`session_series\`;`);
    this.addSql(`drop table if exists \`session_templates\`;`);
    this.addSql(`drop table if exists \`recovery_codes\`;`);
    this.addSql(`drop table if exists \`calendar_feeds\`;`);
    this.addSql(`drop table if exists \`api_tokens\`;`);
    this.addSql(`drop table if exists \`user_tokens\`;`);
    this.addSql(`drop table if exists \`webhooks\`;`);
    this.addSql(`drop table if exists \`webhook_deliveries\`;`);

    this.addSql(`alter table \`sessions\` drop index \`sessions_series_index\`;`);
    this.addSql(`alter table \`sessions\` drop index \`sessions_external_id_unique\`;`);
    this.addSql(
      `alter table \`sessions\` drop column \`unlocked_at\`, drop column \`occurs_at\`, drop column \`detached\`, drop column \`external_id\`;`,
    );

    this.addSql(
      `alter table \`users\` drop column \`locale\`, drop column \`totp_secret\`, drop column \`totp_enabled_at\`, drop column \`totp_last_step\`;`,
    );
  }
}
