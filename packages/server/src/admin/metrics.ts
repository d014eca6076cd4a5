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
