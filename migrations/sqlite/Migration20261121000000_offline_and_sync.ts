import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000000_offline_and_sync extends Migration {
  override name = 'Migration20261121000000_offline_and_sync';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`installations\` (\`id\` integer not null primary key autoincrement, \`epoch\` text not null, \`changed_at\` datetime not null);`,
    );

    this.addSql(
      `create table \`sync_clients\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`client_id\` text not null, \`user_id\` bigint not null, \`device_hash\` text not null, \`label\` text not null, \`last_seen_at\` datetime not null, \`last_sync_at\` datetime null, \`max_seq\` integer not null, \`received_up_to\` integer not null, \`login_hash\` text null, \`revoked_at\` datetime null, constraint \`sync_clients_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`sync_clients_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(`create index \`sync_clients_device_index\` on \`sync_clients\` (\`device_hash\`);`);
    this.addSql(
      `create unique index \`sync_clients_client_unique\` on \`sync_clients\` (\`organization_id\`, \`client_id\`);`,
    );
    this.addSql(
      `create unique index \`sync_clients_device_unique\` on \`sync_clients\` (\`organization_id\`, \`user_id\`, \`device_hash\`);`,
    );
    this.addSql(
      `create unique index \`sync_clients_tenant_unique\` on \`sync_clients\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`sync_history\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`sync_client_id\` bigint not null, \`user_id\` bigint not null, \`batch_id\` text not null, \`status\` text not null, \`on_behalf\` integer not null, \`sent_at\` datetime not null, \`received_at\` datetime not null, \`done_at\` datetime null, \`operations\` integer not null, \`applied\` integer not null, \`merged\` integer not null, \`duplicate\` integer not null, \`conflict\` integer not null, \`parked\` integer not null, \`rejected\` integer not null, \`retried\` integer not null, constraint \`sync_history_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`sync_history_sync_client_id_foreign\` foreign key (\`organization_id\`, \`sync_client_id\`) references \`sync_clients\` (\`organization_id\`, \`id\`), constraint \`sync_history_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`sync_history_sync_client_id_index\` on \`sync_history\` (\`organization_id\`, \`sync_client_id\`);`,
    );
    this.addSql(`create index \`sync_history_user_id_index\` on \`sync_history\` (\`organization_id\`, \`user_id\`);`);
    this.addSql(
      `create index \`sync_history_received_index\` on \`sync_history\` (\`organization_id\`, \`received_at\`);`,
    );

    this.addSql(
      `create table \`sync_conflicts\` (\`id\` integer not null primary key autoincrement, \`organization_id\` bigint not null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`session_id\` bigint not null, \`participant_id\` bigint not null, \`status\` text not null, \`is_open\` integer null, \`revision\` integer not null, \`suggestion\` text not null, \`version_a_data\` text not null, \`version_b_data\` text not null, \`resolution\` text null, \`resolved_with_id\` integer null, \`resolved_at\` datetime null, \`resolved_by\` bigint null, \`reason\` text null, constraint \`sync_conflicts_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action, constraint \`sync_conflicts_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`), constraint \`sync_conflicts_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`), constraint \`sync_conflicts_resolved_by_foreign\` foreign key (\`organization_id\`, \`resolved_by\`) references \`users\` (\`organization_id\`, \`id\`));`,
    );
    this.addSql(
      `create index \`sync_conflicts_participant_id_index\` on \`sync_conflicts\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `create index \`sync_conflicts_resolved_by_index\` on \`sync_conflicts\` (\`organization_id\`, \`resolved_by\`);`,
    );
    this.addSql(
      `create index \`sync_conflicts_status_index\` on \`sync_conflicts\` (\`organization_id\`, \`status\`, \`id\`);`,
    );
    this.addSql(
      `create unique index \`sync_conflicts_open_unique\` on \`sync_conflicts\` (\`organization_id\`, \`session_id\`, \`participant_id\`, \`is_open\`);`,
    );

    this.addSql(`alter table \`presence_operations\` add column \`waits_for\` text null;`);
    this.addSql(`alter table \`presence_operations\` add column \`redirected_from\` integer null;`);
    this.addSql(`alter table \`presence_operations\` add column \`settlement\` text null;`);
    this.addSql(`alter table \`presence_operations\` add column \`settled_by\` integer null;`);
    this.addSql(`alter table \`presence_operations\` add column \`settled_at\` datetime null;`);
    this.addSql(`alter table \`presence_operations\` add column \`settled_reason\` text null;`);
    this.addSql(`alter table \`presence_operations\` add column \`sync_history_id\` integer null;`);
    this.addSql(`alter table \`login_sessions\` add column \`device_hash\` text null;`);
    this.addSql(
      `create index \`login_sessions_device_index\` on \`login_sessions\` (\`organization_id\`, \`device_hash\`);`,
    );
    this.addSql(
      `create index \`presence_operations_client_index\` on \`presence_operations\` (\`organization_id\`, \`client_id\`, \`seq\`);`,
    );
    this.addSql(
      `create index \`presence_operations_conflict_index\` on \`presence_operations\` (\`organization_id\`, \`conflict_id\`);`,
    );
    this.addSql(
      `create index \`presence_operations_waits_index\` on \`presence_operations\` (\`organization_id\`, \`waits_for\`);`,
    );
    this.addSql(
      `create index \`presence_operations_parked_index\` on \`presence_operations\` (\`organization_id\`, \`outcome\`, \`settlement\`, \`id\`);`,
    );
    this.addSql(
      `create index \`presence_operations_delivery_index\` on \`presence_operations\` (\`organization_id\`, \`sync_history_id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists \`installations\`;`);
    this.addSql(`drop table if exists \`sync_clients\`;`);
    this.addSql(`drop table if exists \`sync_history\`;`);
    this.addSql(`drop table if exists \`sync_conflicts\`;`);

    this.addSql(`drop index \`login_sessions_device_index\`;`);
    this.addSql(`alter table \`login_sessions\` drop column \`device_hash\`;`);
    this.addSql(`drop index \`presence_operations_client_index\`;`);
    this.addSql(`drop index \`presence_operations_conflict_index\`;`);
    this.addSql(`drop index \`presence_operations_waits_index\`;`);
    this.addSql(`drop index \`presence_operations_parked_index\`;`);
    this.addSql(`drop index \`presence_operations_delivery_index\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`waits_for\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`redirected_from\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`settlement\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`settled_by\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`settled_at\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`settled_reason\`;`);
    this.addSql(`alter table \`presence_operations\` drop column \`sync_history_id\`;`);
  }
}
