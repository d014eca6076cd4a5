/**
 * Xtraz notifications: how ICQ clients ask each other for their X-status, in XML inside plug-in messages. The XML is looked at
 * by patterns alone: nothing in it is expanded, and what does not look as clients write it is not understood. @see oscar.md §6.5
 */

/** "What is your X-status?" */
export interface XtrazQuery {
  readonly kind: 'query';
  /** In digits; must be the sender's. */
  readonly senderId: string;
  readonly trans: number;
}

/** "It is this." */
export interface XtrazAnswer {
  readonly kind: 'answer';
  /** In digits; must be the sender's. */
  readonly uin: string;
  /** Number of the picture, from 1; 0 without one. */
  readonly index: number;
  readonly title: string;
  readonly description: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Text as XML text. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** XML text as text: five entities, nothing else. */
export function unescapeXml(text: string): string {
  return text.replaceAll(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name] as string);
}

/** The content of the first element of a name that has text in it and no elements. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`, 'i').exec(xml)?.[1];
}

/** A notification as the message's text holds it; `undefined` when it is none we know. */
export function readXtraz(text: string): XtrazQuery | XtrazAnswer | undefined {
  const notify = element(text, 'NOTIFY');
  if (notify !== undefined) {
    const inner = unescapeXml(notify);
    const senderId = element(inner, 'senderId');
    return senderId === undefined ? undefined : { kind: 'query', senderId, trans: Number(element(inner, 'trans') ?? 0) };
  }
  const answer = element(text, 'RES');
  if (answer === undefined) return undefined;
  const inner = unescapeXml(answer);
  const uin = element(inner, 'uin');
  if (uin === undefined) return undefined;
  return {
    kind: 'answer',
    uin,
    index: Number(element(inner, 'index') ?? 0),
    title: unescapeXml(element(inner, 'title') ?? ''),
    description: unescapeXml(element(inner, 'desc') ?? ''),
  };
}

export function xtrazQueryText({ senderId, trans }: Omit<XtrazQuery, 'kind'>): string {
  const query = escapeXml('<Q><PluginID>srvMng</PluginID></Q>');
  const notify = escapeXml(`<srv><id>cAwaySrv</id><req><id>AwayStat</id><trans>${trans}</trans><senderId>${escapeXml(senderId)}</senderId></req></srv>`);
  return `<N><QUERY>${query}</QUERY><NOTIFY>${notify}</NOTIFY></N>`;
}

export function xtrazAnswerText({ uin, index, title, description }: Omit<XtrazAnswer, 'kind'>): string {
  const root = `<Root><CASXtraSetAwayMessage></CASXtraSetAwayMessage><uin>${escapeXml(uin)}</uin><index>${index}</index><title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc></Root>`;
  const result = `<ret event="OnRemoteNotification"><srv><id>cAwaySrv</id><val srv_id="cAwaySrv">${root}</val></srv></ret>`;
  return `<NR><RES>${escapeXml(result)}</RES></NR>`;
}

/** The text of a message of ICQ's SMS service, `<sms_message>`; `undefined` when there is none. @see oscar.md §6.6, §9.8 */
export function smsText(xml: string): string | undefined {
  const text = element(xml, 'text');
  return text === undefined ? undefined : unescapeXml(text);
}
