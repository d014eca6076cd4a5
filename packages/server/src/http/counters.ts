/** What the public HTTP counts; each becomes a metric of its name. */
export const HTTP_COUNTERS = {
  http_requests: 'requests for pages that were answered',
  http_refused: 'requests refused: malformed, too large, with a body, of another method, or for a page that is not there',
  http_timeouts: 'requests that did not come in time',
  http_refused_full: 'connections closed because there are too many',
  http_banned: 'connections closed, WebSockets among them, because their network was banned meanwhile',
  web_sockets: 'WebSocket connections with FLAP inside',
  web_sockets_broken: 'WebSockets closed because of a text, a message too large, or what is no message',
  web_sockets_refused: 'WebSocket requests for another path, or from a page of another server',
} as const;

export type HttpEvent = keyof typeof HTTP_COUNTERS;
