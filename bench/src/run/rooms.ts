/** `npm run bench -- rooms`: a line in a room of 200, and of 50, to see that the cost is linear in members. */
import { range } from '../load/crowd.ts';
import type { RoomLinesResult } from '../load/rooms.ts';
import { prepareAccounts } from './accounts.ts';
import { brokenFigure, type Figure } from './figures.ts';
import { Generator } from './generator.ts';
import { startOurServer } from './processes.ts';
import type { Population, SmokeOptions } from './smoke.ts';

export interface RoomsOptions extends Pick<SmokeOptions, 'directory' | 'tell' | 'print' | 'nodeArguments'> {
  readonly lines: number;
}

export const ROOM_LINES = { full: 50, short: 15 } as const;

const MEMBERS = 200;
const FEW_MEMBERS = 50;
const POPULATION: Population = { first: 100_000, count: 1_000, password: 'bench123' };
const BAR_MS = 20;
/** How much more a member may cost among many than among few. */
const LINEAR = 1.5;

export async function rooms({ directory, tell, print, lines, nodeArguments = [] }: RoomsOptions): Promise<readonly Figure[]> {
  tell(`making ${POPULATION.count} accounts`);
  await prepareAccounts({ data: directory, population: POPULATION, contacts: 'none', tell });
  const server = await startOurServer({ data: directory, profile: 'people', nodeArguments });
  const generator = new Generator(tell);
  const target = { address: server.address, password: POPULATION.password };
  const measure = (members: number): Promise<RoomLinesResult> => generator.run('roomLines', { target, members: range(POPULATION.first, members), lines });
  let figure: Figure;
  try {
    await measure(FEW_MEMBERS);
    const few = await measure(FEW_MEMBERS);
    const many = await measure(MEMBERS);
    figure = roomFigure(few, many);
  } catch (error) {
    figure = brokenFigure(`a line to ${MEMBERS} members of a room`, error as Error, 'people');
  } finally {
    await generator.stop();
    await server.stop();
  }
  print(figure);
  return [figure];
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;

export function roomFigure(few: RoomLinesResult, many: RoomLinesResult): Figure {
  const each = { few: (few.lastP50Ms * 1000) / FEW_MEMBERS, many: (many.lastP50Ms * 1000) / MEMBERS };
  const wrong = few.wrong + many.wrong;
  const reached = many.spreadP50Ms <= BAR_MS && each.many <= LINEAR * each.few;
  return {
    name: `a line to ${MEMBERS} members of a room, first to last`,
    value: ms(many.spreadP50Ms),
    bar: `≤ ${BAR_MS} ms, linear`,
    aim: '',
    standing: wrong > 0 ? 'failed' : reached ? 'ok' : 'below',
    profile: 'people',
    beside: [
      ...(wrong > 0 ? [`FAILED: ${wrong} lines too many or changed`] : []),
      `worst ${ms(many.spreadMaxMs)}`,
      `${each.many.toFixed(1)} µs a member, ${each.few.toFixed(1)} with ${FEW_MEMBERS}`,
      `spoken to last ${ms(many.lastP50Ms)}`,
    ].join('; '),
  };
}
