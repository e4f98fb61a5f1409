export { categoryBars, shareBars, type Bar, type CategoryBars, type Lay, type ShareBars } from './bar-chart.js';
export { hourMap, type HourMap } from './hour-map.js';
export { rateLines, type RateLines } from './line-chart.js';
export { type Frame } from './tidy-svg.js';
export { yearMap, type YearDay, type YearMap } from './year-map.js';
