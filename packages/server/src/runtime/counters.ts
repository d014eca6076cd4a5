/** Counts by name; each becomes `seekyou_<name>_total`. Names are lower case words joined by `_`. */
export type Counters = Record<string, number>;
