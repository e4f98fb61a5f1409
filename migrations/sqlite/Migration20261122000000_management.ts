import { Migration } from '@mikro-orm/migrations';

export class Migration20261122000000_management extends Migration {
  override name = 'Migration20261122000000_management';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`import_mappings\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`kind\` text not null, \`head_hash\` text not null, \`mapping\` json not null, \`used_at\` datetime not null, constraint \`import_mappings_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create unique index \`import_mappings_head_unique\` on \`import_mappings\` (\`organization_id\`, \`kind\`, \`head_hash\`);`,
    );

    this.addSql(
      `create table \`closing_days\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`name\` text not null, \`from_on\` date not null, \`to_on\` date not null, \`group_id\` bigint null, constraint \`closing_days_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`closing_days_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`closing_days_group_id_index\` on \`closing_days\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(`create index \`closing_days_to_index\` on \`closing_days\` (\`organization_id\`, \`to_on\`);`);

    this.addSql(
      `create table \`outbox\` (\`id\` integer not null primary key autoincrement, \`organization_id\` integer not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`fact\` text not null, \`record_id\` integer not null, \`payload\` text not null, \`attempts\` integer not null, \`next_attempt_at\` datetime not null, \`claimed_until\` datetime null);`,
    );
    this.addSql(`create index \`outbox_next_index\` on \`outbox\` (\`next_attempt_at\`, \`id\`);`);

    this.addSql(
      `create table \`participant_photos\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`digest\` text not null, \`content\` blob not null, \`media_type\` text not null, \`size\` integer not null, constraint \`participant_photos_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create unique index \`participant_photos_digest_unique\` on \`participant_photos\` (\`organization_id\`, \`digest\`);`,
    );

    this.addSql(
      `create table \`session_series\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`group_id\` bigint not null, \`name\` text not null, \`location\` text null, \`recurrence\` text not null, \`local_start\` text not null, \`time_zone\` text not null, \`minutes\` integer not null, \`extra_data\` json not null, constraint \`session_series_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`session_series_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`session_series_group_id_index\` on \`session_series\` (\`organization_id\`, \`group_id\`);`,
    );

    this.addSql(
      `create table \`session_templates\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`name\` text not null, \`location\` text null, \`minutes\` integer not null, \`start_time\` text null, \`sort_order\` integer not null, \`is_active\` integer not null default true, constraint \`session_templates_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(
      `create index \`session_templates_organization_id_index\` on \`session_templates\` (\`organization_id\`);`,
    );

    this.addSql(
      `create table \`recovery_codes\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`code_hash\` text not null, \`used_at\` datetime null, constraint \`recovery_codes_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`recovery_codes_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`recovery_codes_user_id_index\` on \`recovery_codes\` (\`organization_id\`, \`user_id\`);`,
    );

    this.addSql(
      `create table \`calendar_feeds\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`group_id\` bigint null, \`token_hash\` text not null, \`last_used_at\` datetime null, \`revoked_at\` datetime null, constraint \`calendar_feeds_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`calendar_feeds_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`), constraint \`calendar_feeds_group_id_foreign\` foreign key (\`organization_id\`, \`group_id\`) references \`groups\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`calendar_feeds_user_id_index\` on \`calendar_feeds\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(
      `create index \`calendar_feeds_group_id_index\` on \`calendar_feeds\` (\`organization_id\`, \`group_id\`);`,
    );
    this.addSql(`create unique index \`calendar_feeds_token_hash_unique\` on \`calendar_feeds\` (\`token_hash\`);`);

    this.addSql(
      `create table \`api_tokens\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`name\` text not null, \`token_hash\` text not null, \`hint\` text not null, \`scopes\` json not null, \`expires_at\` datetime not null, \`last_used_at\` datetime null, \`revoked_at\` datetime null, constraint \`api_tokens_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`api_tokens_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`api_tokens_user_id_index\` on \`api_tokens\` (\`organization_id\`, \`user_id\`);`);
    this.addSql(`create unique index \`api_tokens_token_hash_unique\` on \`api_tokens\` (\`token_hash\`);`);

    this.addSql(
      `create table \`user_tokens\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`user_id\` bigint not null, \`purpose\` text not null, \`token_hash\` text not null, \`expires_at\` datetime not null, \`used_at\` datetime null, constraint \`user_tokens_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`user_tokens_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`user_tokens_user_id_index\` on \`user_tokens\` (\`organization_id\`, \`user_id\`);`);
    this.addSql(`create unique index \`user_tokens_token_hash_unique\` on \`user_tokens\` (\`token_hash\`);`);

    this.addSql(
      `create table \`webhooks\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`name\` text not null, \`url\` text not null, \`secret\` text not null, \`facts\` json not null, \`is_active\` integer not null default true, constraint \`webhooks_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action);`,
    );
    this.addSql(`create unique index \`webhooks_tenant_unique\` on \`webhooks\` (\`organization_id\`, \`id\`);`);

    this.addSql(
      `create table \`webhook_deliveries\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`webhook_id\` bigint not null, \`event_id\` text not null, \`fact\` text not null, \`record_id\` integer not null, \`payload\` text not null, \`status\` text not null, \`attempts\` integer not null, \`next_attempt_at\` datetime null, \`claimed_until\` datetime null, \`last_attempt_at\` datetime null, \`response_status\` integer null, \`error\` text null, \`delivered_at\` datetime null, constraint \`webhook_deliveries_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`webhook_deliveries_webhook_id_foreign\` foreign key (\`organization_id\`, \`webhook_id\`) references \`webhooks\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`webhook_deliveries_next_index\` on \`webhook_deliveries\` (\`status\`, \`next_attempt_at\`, \`id\`);`,
    );
    this.addSql(
      `create unique index \`webhook_deliveries_event_unique\` on \`webhook_deliveries\` (\`organization_id\`, \`webhook_id\`, \`event_id\`);`,
    );

    this.addSql(`alter table \`users\` add column \`locale\` text null;`);
    this.addSql(`alter table \`users\` add column \`totp_secret\` text null;`);
    this.addSql(`alter table \`users\` add column \`totp_enabled_at\` datetime null;`);
    this.addSql(`alter table \`users\` add column \`totp_last_step\` integer null;`);

    this.addSql(`alter table \`sessions\` add column \`unlocked_at\` datetime null;`);
    this.addSql(`alter table \`sessions\` add column \`occurs_at\` datetime null;`);
    this.addSql(`alter table \`sessions\` add column \`detached\` integer not null default false;`);
    this.addSql(`alter table \`sessions\` add column \`external_id\` text null;`);
    this.addSql(
      `create index \`sessions_series_index\` on \`sessions\` (\`organization_id\`, \`series_id\`, \`occurs_at\`);`,
    );
    this.addSql(
      `create unique index \`sessions_external_id_unique\` on \`sessions\` (\`organization_id\`, \`external_id\`);`,
    );
  }

  override down(): void | Promise<void> {
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

    this.addSql(`drop index \`sessions_series_index\`;`);
    this.addSql(`drop index \`sessions_external_id_unique\`;`);
    this.addSql(`alter table \`sessions\` drop column \`unlocked_at\`;`);
    this.addSql(`alter table \`sessions\` drop column \`occurs_at\`;`);
    this.addSql(`alter table \`sessions\` drop column \`detached\`;`);
    this.addSql(`alter table \`sessions\` drop column \`external_id\`;`);

    this.addSql(`alter table \`users\` drop column \`locale\`;`);
    this.addSql(`alter table \`users\` drop column \`totp_secret\`;`);
    this.addSql(`alter table \`users\` drop column \`totp_enabled_at\`;`);
    this.addSql(`alter table \`users\` drop column \`totp_last_step\`;`);
  }
}
