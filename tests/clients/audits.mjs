// The public audits of GraphQL over HTTP (npm graphql-http), each with its verdict. Every one asks with a token, as
// nobody is answered here without.
import { serverAudits } from 'graphql-http';
import { given, tell } from './given.mjs';

const { url, token } = given;
const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

const verdicts = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const { id, name, status, reason = '' } = await audit.fn();
  verdicts.push({ id, name, status, reason });
}
tell(verdicts);
