import { Migration } from '@mikro-orm/migrations';

export class Migration20261121000000_offline_and_sync extends Migration {
  override name = 'Migration20261121000000_offline_and_sync';

  override up(): void | Promise<void> {
    this.addSql(
      `create table \`installations\` (\`id\` int unsigned not null auto_increment primary key, \`epoch\` varchar(36) not null, \`changed_at\` datetime(3) not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );

    this.addSql(
      `create table \`sync_clients\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`client_id\` varchar(36) not null, \`user_id\` bigint unsigned not null, \`device_hash\` varchar(64) not null, \`label\` varchar(100) not null, \`last_seen_at\` datetime(3) not null, \`last_sync_at\` datetime(3) null, \`max_seq\` bigint not null, \`received_up_to\` bigint not null, \`login_hash\` varchar(64) null, \`revoked_at\` datetime(3) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(`alter table \`sync_clients\` add index \`sync_clients_device_index\` (\`device_hash\`);`);
    this.addSql(
      `alter table \`sync_clients\` add unique \`sync_clients_client_unique\` (\`organization_id\`, \`client_id\`);`,
    );
    this.addSql(
      `alter table \`sync_clients\` add unique \`sync_clients_device_unique\` (\`organization_id\`, \`user_id\`, \`device_hash\`);`,
    );
    this.addSql(
      `alter table \`sync_clients\` add unique \`sync_clients_tenant_unique\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `create table \`sync_history\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`sync_client_id\` bigint unsigned not null, \`user_id\` bigint unsigned not null, \`batch_id\` varchar(36) not null, \`status\` varchar(20) not null, \`on_behalf\` tinyint(1) not null, \`sent_at\` datetime(3) not null, \`received_at\` datetime(3) not null, \`done_at\` datetime(3) null, \`operations\` int not null, \`applied\` int not null, \`merged\` int not null, \`duplicate\` int not null, \`conflict\` int not null, \`parked\` int not null, \`rejected\` int not null, \`retried\` int not null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`sync_history\` add index \`sync_history_sync_client_id_index\` (\`organization_id\`, \`sync_client_id\`);`,
    );
    this.addSql(
      `alter table \`sync_history\` add index \`sync_history_user_id_index\` (\`organization_id\`, \`user_id\`);`,
    );
    this.addSql(
      `alter table \`sync_history\` add index \`sync_history_received_index\` (\`organization_id\`, \`received_at\`);`,
    );

    this.addSql(
      `create table \`sync_conflicts\` (\`id\` bigint unsigned not null auto_increment primary key, \`organization_id\` bigint unsigned not null, \`created_at\` datetime(3) not null, \`updated_at\` datetime(3) not null, \`session_id\` bigint unsigned not null, \`participant_id\` bigint unsigned not null, \`status\` varchar(20) not null, \`is_open\` tinyint(1) null, \`revision\` int not null, \`suggestion\` varchar(20) not null, \`version_a_data\` text not null, \`version_b_data\` text not null, \`resolution\` varchar(20) null, \`resolved_with_id\` bigint null, \`resolved_at\` datetime(3) null, \`resolved_by\` bigint unsigned null, \`reason\` varchar(2000) null) default character set utf8mb4 collate utf8mb4_0900_ai_ci engine = InnoDB;`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add index \`sync_conflicts_participant_id_index\` (\`organization_id\`, \`participant_id\`);`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add index \`sync_conflicts_resolved_by_index\` (\`organization_id\`, \`resolved_by\`);`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add index \`sync_conflicts_status_index\` (\`organization_id\`, \`status\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add unique \`sync_conflicts_open_unique\` (\`organization_id\`, \`session_id\`, \`participant_id\`, \`is_open\`);`,
    );

    this.addSql(
      `alter table \`presence_operations\` add \`waits_for\` varchar(36) null, add \`redirected_from\` bigint null, add \`settlement\` varchar(20) null, add \`settled_by\` bigint null, add \`settled_at\` datetime(3) null, add \`settled_reason\` varchar(2000) null, add \`sync_history_id\` bigint null;`,
    );
    this.addSql(`alter table \`login_sessions\` add \`device_hash\` varchar(64) null;`);
    this.addSql(
      `alter table \`login_sessions\` add index \`login_sessions_device_index\` (\`organization_id\`, \`device_hash\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_client_index\` (\`organization_id\`, \`client_id\`, \`seq\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_conflict_index\` (\`organization_id\`, \`conflict_id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_waits_index\` (\`organization_id\`, \`waits_for\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_parked_index\` (\`organization_id\`, \`outcome\`, \`settlement\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`presence_operations\` add index \`presence_operations_delivery_index\` (\`organization_id\`, \`sync_history_id\`);`,
    );

    this.addSql(
      `alter table \`sync_clients\` add constraint \`sync_clients_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`sync_clients\` add constraint \`sync_clients_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`sync_history\` add constraint \`sync_history_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`sync_history\` add constraint \`sync_history_sync_client_id_foreign\` foreign key (\`organization_id\`, \`sync_client_id\`) references \`sync_clients\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`sync_history\` add constraint \`sync_history_user_id_foreign\` foreign key (\`organization_id\`, \`user_id\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );

    this.addSql(
      `alter table \`sync_conflicts\` add constraint \`sync_conflicts_organization_id_foreign\` foreign key (\`organization_id\`) references \`organizations\` (\`id\`) on update no action on delete no action;`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add constraint \`sync_conflicts_session_id_foreign\` foreign key (\`organization_id\`, \`session_id\`) references \`sessions\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add constraint \`sync_conflicts_participant_id_foreign\` foreign key (\`organization_id\`, \`participant_id\`) references \`participants\` (\`organization_id\`, \`id\`);`,
    );
    this.addSql(
      `alter table \`sync_conflicts\` add constraint \`sync_conflicts_resolved_by_foreign\` foreign key (\`organization_id\`, \`resolved_by\`) references \`users\` (\`organization_id\`, \`id\`);`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`sync_history\` drop foreign key \`sync_history_sync_client_id_foreign\`;`);

    this.addSql(`drop table if exists \`installations\`;`);
    this.addSql(`drop table if exists \`sync_clients\`;`);
    this.addSql(`drop table if exists \`sync_history\`;`);
    this.addSql(`drop table if exists \`sync_conflicts\`;`);

    this.addSql(`alter table \`login_sessions\` drop index \`login_sessions_device_index\`;`);
    this.addSql(`alter table \`login_sessions\` drop column \`device_hash\`;`);
    this.addSql(`alter table \`presence_operations\` drop index \`presence_operations_client_index\`;`);
    this.addSql(`alter table \`presence_operations\` drop index \`presence_operations_conflict_index\`;`);
    this.addSql(`alter table \`presence_operations\` drop index \`presence_operations_waits_index\`;`);
    this.addSql(`alter table \`presence_operations\` drop index \`presence_operations_parked_index\`;`);
    this.addSql(`alter table \`presence_operations\` drop index \`presence_operations_delivery_index\`;`);
    this.addSql(
      `alter table \`presence_operations\` drop column \`waits_for\`, drop column \`redirected_from\`, drop column \`settlement\`, drop column \`settled_by\`, drop column \`settled_at\`, drop column \`settled_reason\`, drop column \`sync_history_id\`;`,
    );
  }
}
