/**
 * Figures for monitors. The service counts in plain numbers, because a counter object's method costs thirty times as much
 * per message; they are copied into the registry when somebody asks.
 */
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { CoreFigures } from '@seekyou/core';

/** Counts by name; each becomes `seekyou_<name>_total`. Names are lower case words joined by `_`. */
export type Counters = Record<string, number>;

export interface MetricsSources {
  readonly counters: Readonly<Counters>;
  readonly figures: () => CoreFigures;
  readonly connections: () => number;
  /** By thread of the store. */
  readonly store: () => Readonly<Record<string, StoreFigures>>;
}

export interface StoreFigures {
  readonly waiting: number;
  readonly answered: number;
  readonly failed: number;
  readonly groups: number;
  readonly busyMs: number;
}

export function createMetrics(sources: MetricsSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, value: () => number): void => {
    registry.registerMetric(
      new Gauge({
        name: `seekyou_${name}`,
        help,
        registers: [],
        collect() {
          this.set(value());
        },
      }),
    );
  };
  gauge('connections', 'Open connections, signed on or not', sources.connections);
  gauge('sessions', 'Signed-on sessions', () => sources.figures().sessions);
  gauge('users_online', 'Accounts with at least one session', () => sources.figures().usersOnLine);
  const stored: readonly (readonly [name: string, help: string, value: (figures: StoreFigures) => number])[] = [
    ['operations', 'Operations of the database answered', (figures) => figures.answered],
    ['operations_failed', 'Operations of the database that failed', (figures) => figures.failed],
    ['operations_waiting', 'Operations of the database not yet answered', (figures) => figures.waiting],
    ['commits', 'Groups of operations; for the writer each is one commit', (figures) => figures.groups],
    ['busy_seconds', 'Time a thread of the database has worked', (figures) => figures.busyMs / 1000],
  ];
  for (const [name, help, value] of stored) {
    registry.registerMetric(
      new Gauge({
        name: `seekyou_store_${name}`,
        help,
        labelNames: ['thread'],
        registers: [],
        collect() {
          for (const [thread, figures] of Object.entries(sources.store())) this.set({ thread }, value(figures));
        },
      }),
    );
  }
  const events = new Counter({
    name: 'seekyou_events_total',
    help: 'What happened since the start, by kind; docs/metrics.md explains each',
    labelNames: ['event'],
    registers: [],
    collect() {
      this.reset();
      const { messagesStored, messagesDelivered, signOnsRefused } = sources.figures();
      const all: Counters = { ...sources.counters, messages_stored: messagesStored, messages_delivered: messagesDelivered, sign_ons_refused: signOnsRefused };
      for (const [event, count] of Object.entries(all)) this.inc({ event }, count);
    },
  });
  registry.registerMetric(events);
  return registry;
}
