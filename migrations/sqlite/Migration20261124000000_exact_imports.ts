import { Migration } from '@mikro-orm/migrations';

export class Migration20261124000000_exact_imports extends Migration {
  override name = 'Migration20261124000000_exact_imports';

  override up(): void | Promise<void> {
    this.addSql(`alter table \`imports\` add \`records\` json null;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table \`imports\` drop column \`records\`;`);
  }
}
