import { PlatformModule } from '../../src/platform/platform.module.js';

/** Runs `work` while the platform has one controller more: for applications that are started inside `work`. */
export async function withController<T>(controller: object, work: () => Promise<T>): Promise<T> {
  const controllers = Reflect.getMetadata('controllers', PlatformModule) as object[];
  Reflect.defineMetadata('controllers', [...controllers, controller], PlatformModule);
  try {
    return await work();
  } finally {
    Reflect.defineMetadata('controllers', controllers, PlatformModule);
  }
}
