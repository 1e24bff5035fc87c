// Makes vectors.json: tokens that were signed by another implementation than the
// one under test (Node's crypto). Run it with: node vectors.mjs > vectors.json
import { createHmac, createSign, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const claims = {
  sub: 'visitor-7', site: 'shop', role: 'visitor', name: '林 Ana', languages: ['zh', 'pt-br'], tier: 'gold',
  aud: ['other', 'nextup'], exp: 4102444800, iss: 'https://login.example', iat: 1700000000,
};

const algorithms = {
  HS256: () => {
    const secret = randomBytes(32);
    return [{ secret: secret.toString('base64') }, (data) => createHmac('sha256', secret).update(data).digest()];
  },
  RS256: () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return [pem(pair), (data) => createSign('sha256').update(data).sign(pair.privateKey)];
  },
  ES256: () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return [pem(pair), (data) => sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' })];
  },
  EdDSA: () => {
    const pair = generateKeyPairSync('ed25519');
    return [pem(pair), (data) => sign(null, data, pair.privateKey)];
  },
};

const pem = (pair) => ({ public: pair.publicKey.export({ type: 'spki', format: 'pem' }) });

const vectors = Object.entries(algorithms).map(([algorithm, make]) => {
  const [key, signer] = make();
  const data = `${encode({ alg: algorithm, typ: 'JWT', kid: 'k1' })}.${encode(claims)}`;
  return { algorithm, ...key, token: `${data}.${signer(Buffer.from(data)).toString('base64url')}` };
});

console.log(JSON.stringify(vectors, null, 2));
