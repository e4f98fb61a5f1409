import { Injectable } from '@nestjs/common';
import { Views, type PageContext } from '../views.js';
import { type AppRequest } from './request.js';

/** Renders a view for the person who asked. What a view knows about that person is decided in `pageContext`. */
@Injectable()
export class Reply {
  constructor(private readonly views: Views) {}

  /** Set by the auth module, which knows users; until then everybody is nobody. */
  pageContext: (request: AppRequest) => PageContext = () => {
    throw new Error('no page context: the auth module sets it');
  };

  /** @returns the HTML of a page or a fragment */
  render(view: string, data: Record<string, unknown>, request: AppRequest): string {
    return this.views.render(view, data, this.pageContext(request));
  }
}
