import { Module } from '@nestjs/common';
import { ExtendSeriesHandler } from './extend-series.js';
import { ExtendSeriesJob } from './extend-series.job.js';

@Module({ providers: [ExtendSeriesHandler, ExtendSeriesJob] })
export class ExtendModule {}
