// jsforce against the simulated Salesforce (contract salesforce 7).
'use strict';

const assert = require('node:assert/strict');
const jsforce = require('jsforce');
const JSZip = require('jszip');
const { check, script, refusal, control, journal } = require('../checks.js');

const origin = process.env.FIDELITY_SALESFORCE;
const signIn = { clientId: 'sim-salesforce-client', clientSecret: 'sim-salesforce-secret', loginUrl: origin };
const deal = (more) => ({ Name: 'Litware pilot', StageName: 'Prospecting', CloseDate: '2026-12-31', ...more });

function connection(oauth2 = signIn, more = {}) {
  return new jsforce.Connection({ oauth2, version: '67.0', ...more });
}

async function signedIn(more) {
  const conn = connection(signIn, more);
  await conn.authorize({ grant_type: 'client_credentials' });
  return conn;
}

script(async () => {
  const conn = connection();
  const deals = conn.sobject('Opportunity');
  await signingIn(conn);
  await records(conn, deals);
  await upserts(conn, deals);
  await queries(conn, deals);
  await descriptions(conn, deals);
  await refusals(conn, deals);
  await customising(conn, deals);
  await sessions();
  await troubles();
});

async function signingIn(conn) {
  await check('signs in with client credentials', async () => {
    const user = await conn.authorize({ grant_type: 'client_credentials' });
    assert.match(user.organizationId, /^00D\w{15}$/);
    assert.match(user.id, /^005\w{15}$/);
    assert.equal(conn.instanceUrl, origin);
    assert.match(conn.accessToken, /^00D\w{12}!/);
  });
  await check('is told that the secret is wrong', async () => {
    const stranger = connection({ ...signIn, clientSecret: 'wrong' });
    const error = await refusal(() => stranger.authorize({ grant_type: 'client_credentials' }));
    assert.deepEqual([error.name, error.message], ['invalid_client', 'invalid client credentials']);
  });
  await check('is told that the client is unknown', async () => {
    const stranger = connection({ ...signIn, clientId: 'nobody' });
    const error = await refusal(() => stranger.authorize({ grant_type: 'client_credentials' }));
    assert.equal(error.name, 'invalid_client_id');
  });
  await check('learns who it is, from the address in the token answer and from the version root', async () => {
    const user = conn.userInfo;
    assert.equal((await conn.identity()).username, 'cosell-sync@northwind.example');
    assert.deepEqual([conn.userInfo.id, conn.userInfo.organizationId], [user.id, user.organizationId]);
    const bare = new jsforce.Connection({ instanceUrl: origin, accessToken: conn.accessToken, version: '67.0' });
    assert.equal((await bare.identity()).user_id, user.id);
  });
  await check('lists the versions without a session', async () => {
    const versions = await new jsforce.Connection({ instanceUrl: origin }).request(`${origin}/services/data/`);
    assert.equal(versions.at(-1).version, '67.0');
    assert.ok(versions.every((release, i) => i === 0 || Number(release.version) > Number(versions[i - 1].version)));
  });
}

async function records(conn, deals) {
  let id;
  await check('creates and reads an opportunity', async () => {
    const made = await deals.create(deal({ Amount: 48000, Msp_Sync_With_Partner_Center__c: true }));
    assert.deepEqual([made.success, made.errors], [true, []]);
    id = made.id;
    const row = await deals.retrieve(id);
    assert.deepEqual(
      [row.attributes.type, row.Amount, row.IsClosed, row.Probability, row.Msp_Sync_With_Partner_Center__c],
      ['Opportunity', 48000, false, 10, true],
    );
    assert.equal(row.attributes.url, `/services/data/v67.0/sobjects/Opportunity/${id}`);
  });
  await check('updates it; the stage decides what is closed and won', async () => {
    assert.deepEqual(await deals.update({ Id: id, StageName: 'Closed Won' }), { id, success: true, errors: [] });
    const row = await deals.retrieve(id);
    assert.deepEqual([row.IsClosed, row.IsWon, row.Probability, row.ForecastCategory], [true, true, 100, 'Closed']);
  });
  await check('updates only what nobody changed since (If-Unmodified-Since)', async () => {
    const row = await deals.retrieve(id);
    const since = (shift) => new Date(new Date(row.LastModifiedDate).getTime() + shift).toUTCString();
    const stale = await refusal(() => deals.update({ Id: id, NextStep: 'late' }, { headers: { 'If-Unmodified-Since': since(-1000) } }));
    assert.equal(stale.data.errorCode, 'ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE');
    await deals.update({ Id: id, NextStep: 'in time' }, { headers: { 'If-Unmodified-Since': since(0) } });
    assert.equal((await deals.retrieve(id)).NextStep, 'in time');
  });
  await check('creates several at once; the bad one is told in its place', async () => {
    const made = await deals.create([deal({ Name: 'One' }), { Name: 'Two' }, deal({ Name: 'Three' })]);
    assert.deepEqual(made.map((result) => result.success), [true, false, true]);
    assert.equal(made[1].errors[0].statusCode, 'REQUIRED_FIELD_MISSING');
    assert.deepEqual([...made[1].errors[0].fields].sort(), ['CloseDate', 'StageName']);
    const [one, gone] = await deals.retrieve([made[0].id, '006Kd00000AbC1xIAF']);
    assert.deepEqual([one.Name, gone], ['One', null]);
  });
  await check('makes everything or nothing', async () => {
    const before = (await conn.query('SELECT COUNT() FROM Opportunity')).totalSize;
    const made = await deals.create([deal({ Name: 'Four' }), { Name: 'Five' }], { allOrNone: true });
    assert.equal(made[0].errors[0].statusCode, 'ALL_OR_NONE_OPERATION_ROLLED_BACK');
    assert.equal((await conn.query('SELECT COUNT() FROM Opportunity')).totalSize, before);
  });
  await check('deletes it; a second time it is gone already', async () => {
    assert.equal((await deals.destroy(id)).success, true);
    assert.equal((await refusal(() => deals.retrieve(id))).name, 'ENTITY_IS_DELETED');
    assert.equal((await refusal(() => deals.destroy(id))).name, 'ENTITY_IS_DELETED');
  });
  await check('makes an account and its opportunity in one composite request', async () => {
    const answer = await conn.requestPost('/composite', {
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: '/services/data/v67.0/sobjects/Account', referenceId: 'acct', body: { Name: 'Litware' } },
        { method: 'POST', url: '/services/data/v67.0/sobjects/Opportunity', referenceId: 'opp', body: deal({ AccountId: '@{acct.id}' }) },
      ],
    });
    const [account, opportunity] = answer.compositeResponse;
    assert.deepEqual([account.httpStatusCode, opportunity.httpStatusCode], [201, 201]);
    assert.equal((await deals.retrieve(opportunity.body.id)).AccountId, account.body.id);
  });
}

async function upserts(conn, deals) {
  await check('upserts by external id: created, then updated', async () => {
    const first = await deals.upsert(deal({ Msp_Referral_Id__c: 'ref-1' }), 'Msp_Referral_Id__c');
    const second = await deals.upsert({ Msp_Referral_Id__c: 'REF-1', NextStep: 'again' }, 'Msp_Referral_Id__c');
    assert.deepEqual([first.created, second.created, second.id], [true, false, first.id]);
    assert.equal((await deals.retrieve(first.id)).Msp_Referral_Id__c, 'ref-1');
  });
  await check('upserts several at once', async () => {
    const rows = [{ Msp_Referral_Id__c: 'ref-1', NextStep: 'third' }, deal({ Msp_Referral_Id__c: 'ref-2' })];
    const results = await deals.upsert(rows, 'Msp_Referral_Id__c');
    assert.deepEqual(results.map((result) => result.created), [false, true]);
  });
  await check('is told that the external id does not exist', async () => {
    const error = await refusal(() => deals.upsert(deal({ Nope__c: '1' }), 'Nope__c'));
    assert.deepEqual([error.name, error.message], ['NOT_FOUND', 'Provided external ID field does not exist or is not accessible: Nope__c']);
  });
  await check('is told that the value is taken', async () => {
    const error = await refusal(() => deals.create(deal({ Msp_Referral_Id__c: 'ref-1' })));
    assert.equal(error.name, 'DUPLICATE_VALUE');
    assert.match(error.message, /^duplicate value found: Msp_Referral_Id__c duplicates value on record with id: 006\w+$/);
  });
  await check('is given several records to choose from', async () => {
    const field = { object: 'Account', name: 'Erp_Key__c', type: 'Text', length: 40, external_id: true };
    await control('POST', 'salesforce/fields', field);
    const accounts = conn.sobject('Account');
    await accounts.create([{ Name: 'A', Erp_Key__c: 'twin' }, { Name: 'B', Erp_Key__c: 'twin' }]);
    const error = await refusal(() => accounts.upsert({ Erp_Key__c: 'twin', Name: 'C' }, 'Erp_Key__c'));
    assert.deepEqual([error.name, error.data.length], ['MULTIPLE_CHOICES', 2]);
  });
}

async function queries(conn, deals) {
  const load = { count: 450, fields: { Name: 'Load {n}', StageName: 'Prospecting', CloseDate: '2026-12-31' } };
  await control('POST', 'salesforce/rows/Opportunity/many', load);
  const soql = "SELECT Id, Name, SystemModstamp FROM Opportunity WHERE Name LIKE 'Load %' ORDER BY SystemModstamp, Id";
  const headers = { 'Sforce-Query-Options': 'batchSize=200' };
  await check('reads three pages by following the addresses', async () => {
    const sizes = [];
    let page = await conn.query(soql, { headers });
    for (; !page.done; page = await conn.queryMore(page.nextRecordsUrl, { headers })) sizes.push(page.records.length);
    sizes.push(page.records.length);
    assert.deepEqual([sizes, page.totalSize], [[200, 200, 50], 450]);
  });
  await check('reads all pages by itself', async () => {
    const all = await conn.query(soql, { headers, autoFetch: true, maxFetch: 1000 });
    assert.equal(new Set(all.records.map((row) => row.Id)).size, 450);
  });
  await check('is told that a cursor is no longer known', async () => {
    const page = await conn.query(soql, { headers });
    await control('POST', 'salesforce/cursors/expire');
    assert.equal((await refusal(() => conn.queryMore(page.nextRecordsUrl))).name, 'INVALID_QUERY_LOCATOR');
  });
  await check('asks with its own query builder', async () => {
    const found = await deals.find({ Name: { $like: 'Load 1%' }, StageName: ['Prospecting'] }, 'Name, Owner.Name').sort('-Name').limit(2);
    assert.deepEqual(found.map((row) => [row.Name, row.Owner.Name]), [['Load 199', 'Omar Lind'], ['Load 198', 'Omar Lind']]);
  });
  await check('finds a name with an apostrophe and a date', async () => {
    await deals.create(deal({ Name: "O'Neill's" }));
    const found = await deals.find({ Name: "O'Neill's", CreatedDate: { $gt: jsforce.SfDate.toDateTimeLiteral('2020-01-01T00:00:00Z') } });
    assert.equal(found.length, 1);
  });
  await check('sees deleted records only when it asks for all', async () => {
    const { id } = await deals.create(deal({ Name: 'Short lived' }));
    await deals.destroy(id);
    const soql = `SELECT Id, IsDeleted FROM Opportunity WHERE Id = '${id}'`;
    assert.equal((await conn.query(soql)).totalSize, 0);
    assert.equal((await conn.query(soql, { scanAll: true })).records[0].IsDeleted, true);
  });
  await check('asks what was changed and what was deleted', async () => {
    const hour = 3600e3;
    const [start, end] = [new Date(Date.now() - hour), new Date(Date.now() + hour)];
    assert.ok((await deals.updated(start, end)).ids.length > 400);
    const { deletedRecords, latestDateCovered } = await deals.deleted(start, end);
    assert.equal(deletedRecords.length, 2);
    assert.match(latestDateCovered, /\.000\+0000$/);
  });
}

async function descriptions(conn, deals) {
  await check('describes an opportunity with the co-sell fields', async () => {
    const { fields } = await deals.describe();
    const field = (name) => fields.find((candidate) => candidate.name === name);
    const key = field('Msp_Referral_Id__c');
    assert.deepEqual([key.type, key.length, key.externalId, key.unique, key.custom], ['string', 64, true, true, true]);
    const required = fields.filter((each) => each.createable && !each.nillable && !each.defaultedOnCreate).map((each) => each.name);
    assert.deepEqual(required.sort(), ['CloseDate', 'Name', 'StageName']);
    const help = field('Msp_How_Can_Microsoft_Help__c');
    assert.deepEqual([help.type, help.restrictedPicklist, help.picklistValues.length], ['picklist', true, 6]);
    assert.deepEqual(field('OwnerId').referenceTo, ['User']);
    assert.equal(field('OwnerId').relationshipName, 'Owner');
  });
  await check('describes all objects', async () => {
    const { sobjects } = await conn.describeGlobal();
    const opportunity = sobjects.find((each) => each.name === 'Opportunity');
    assert.deepEqual([opportunity.keyPrefix, opportunity.createable], ['006', true]);
  });
  await check('reads the limits, and what is used up from each answer', async () => {
    const { Max, Remaining } = (await conn.limits()).DailyApiRequests;
    assert.deepEqual([conn.limitInfo.apiUsage.limit, conn.limitInfo.apiUsage.used], [Max, Max - Remaining]);
  });
}

async function refusals(conn, deals) {
  const cases = [
    ['an unknown field', () => deals.create(deal({ Nope__c: 1 })), 'INVALID_FIELD'],
    ['a read-only field', () => deals.create(deal({ IsWon: true })), 'INVALID_FIELD_FOR_INSERT_UPDATE'],
    ['a missing field', () => deals.create({ Name: 'x' }), 'REQUIRED_FIELD_MISSING'],
    ['a text too long', () => deals.create(deal({ Name: 'x'.repeat(121) })), 'STRING_TOO_LONG'],
    ['a value outside of the list', () => deals.create(deal({ Msp_Referral_Visibility__c: 'Moon' })), 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST'],
    ['an unknown record', () => deals.retrieve('006Kd00000AbC1xIAF'), 'NOT_FOUND'],
    ['an id of another object', () => deals.retrieve('001Kd00000Zq9YbIAJ'), 'MALFORMED_ID'],
    ['an unknown object', () => conn.sobject('Oportunity').create({ Name: 'x' }), 'NOT_FOUND'],
    ['an unknown object in a query', () => conn.query('SELECT Id FROM Oportunity'), 'INVALID_TYPE'],
    ['an unknown field in a query', () => conn.query('SELECT Nope__c FROM Opportunity'), 'INVALID_FIELD'],
    ['a broken query', () => conn.query('SELECT FROM Opportunity'), 'MALFORMED_QUERY'],
    ['a foreign key to nothing', () => deals.create(deal({ AccountId: '001Kd00000Zq9YbIAJ' })), 'INVALID_CROSS_REFERENCE_KEY'],
    ['a bad address', () => conn.sobject('Lead').create({ LastName: 'x', Company: 'y', Email: 'nowhere' }), 'INVALID_EMAIL_ADDRESS'],
  ];
  for (const [what, body, code] of cases) {
    await check(`is refused ${what}: ${code}`, async () => assert.equal((await refusal(body)).name, code));
  }
}

async function customising(conn, deals) {
  const metadata = { label: 'Round', type: 'Text', length: 40, required: false };
  const full = 'Opportunity.Msp_Round__c';
  await check('makes a field by the Tooling API, once', async () => {
    const fields = conn.tooling.sobject('CustomField');
    const { id, success } = await fields.create({ FullName: full, Metadata: metadata });
    assert.equal(success, true);
    assert.equal((await fields.retrieve(id)).Metadata.length, 40);
    assert.equal((await refusal(() => fields.create({ FullName: full, Metadata: metadata }))).name, 'DUPLICATE_DEVELOPER_NAME');
    const soql = "SELECT Id FROM CustomField WHERE TableEnumOrId='Opportunity' AND DeveloperName='Msp_Round'";
    assert.equal((await conn.tooling.query(soql)).records[0].Id, id);
  });
  await check('sees it once a permission set grants it', async () => {
    const has = async () => (await conn.describe('Opportunity')).fields.some((field) => field.name === 'Msp_Round__c');
    const set = await conn.sobject('PermissionSet').create({ Name: 'Rounds', Label: 'Rounds' });
    await conn.sobject('PermissionSetAssignment').create({ PermissionSetId: set.id, AssigneeId: conn.userInfo.id });
    assert.equal(await has(), false);
    const grant = { ParentId: set.id, SobjectType: 'Opportunity', Field: full, PermissionsRead: true, PermissionsEdit: true };
    await conn.sobject('FieldPermissions').create(grant);
    assert.equal(await has(), true);
    const { id } = await deals.create(deal({ Msp_Round__c: 'A' }));
    assert.equal((await deals.retrieve(id)).Msp_Round__c, 'A');
  });
  await check('deploys an archive by REST and waits for the end', async () => {
    const archive = new JSZip();
    const head = '<?xml version="1.0" encoding="UTF-8"?>';
    const namespace = 'xmlns="http://soap.sforce.com/2006/04/metadata"';
    const types = '<types><members>Opportunity.Msp_Checked__c</members><name>CustomField</name></types>';
    const field = '<fields><fullName>Msp_Checked__c</fullName><label>Checked</label><type>Checkbox</type><defaultValue>false</defaultValue></fields>';
    archive.file('package.xml', `${head}<Package ${namespace}>${types}<version>67.0</version></Package>`);
    archive.file('objects/Opportunity.object', `${head}<CustomObject ${namespace}>${field}</CustomObject>`);
    const zip = await archive.generateAsync({ type: 'nodebuffer', compression: 'DEFLATE' });
    const { id } = await conn.metadata.deployRest(zip, { singlePackage: true, rollbackOnError: true });
    let result;
    for (let n = 0; n < 10 && !result?.done; n += 1) result = await conn.metadata.checkDeployStatus(id, true, true);
    assert.deepEqual([result.status, result.numberComponentsDeployed], ['Succeeded', 1]);
    assert.equal(result.details.componentSuccesses.at(-1).fullName, 'Opportunity.Msp_Checked__c');
  });
}

async function sessions() {
  const isToken = (entry) => entry.path === '/services/oauth2/token';
  const signIns = async () => (await journal('salesforce')).filter(isToken).length;
  await check('signs in again when the session has ended', async () => {
    const refreshFn = async (self, done) => {
      await self.authorize({ grant_type: 'client_credentials' });
      done(null, self.accessToken);
    };
    const conn = await signedIn({ refreshFn });
    const before = await signIns();
    await control('POST', 'salesforce/sessions/revoke');
    assert.equal((await conn.query('SELECT COUNT() FROM Account')).done, true);
    assert.equal((await signIns()) - before, 1);
  });
  await check('is told that the session has ended when it cannot sign in again', async () => {
    const conn = new jsforce.Connection({ instanceUrl: origin, accessToken: '00DKd0000004xYz!gone', version: '67.0' });
    assert.equal((await refusal(() => conn.query('SELECT Id FROM Account'))).name, 'INVALID_SESSION_ID');
  });
  await check('does not sign in again for an application that is not allowed', async () => {
    const conn = await signedIn();
    await control('PUT', 'salesforce/switches', { session_refusal: 'Connected app is not attached to Agent' });
    const before = await signIns();
    const error = await refusal(() => conn.query('SELECT Id FROM Account'));
    await control('PUT', 'salesforce/switches', {});
    assert.match(error.message, /not attached/);
    assert.equal(await signIns(), before);
  });
}

async function troubles() {
  const conn = await signedIn();
  const deals = conn.sobject('Opportunity');
  const fault = (fields) => control('POST', 'faults', { service: 'salesforce', ...fields });
  await check('asks again when a read meets an overloaded service', async () => {
    await fault({ method: 'GET', times: 2, action: { kind: 'status', status: 503 } });
    assert.equal((await conn.query('SELECT COUNT() FROM Account')).done, true);
  });
  await check('does not repeat a write on its own', async () => {
    await fault({ method: 'POST', times: 1, action: { kind: 'status', status: 503, body: '<html>busy</html>', content_type: 'text/html' } });
    const error = await refusal(() => deals.create(deal({})));
    assert.equal(error.name, 'ERROR_HTTP_503');
    await control('DELETE', 'faults');
  });
  await check('is told that a record is locked, then gets through', async () => {
    const { id } = await deals.create(deal({}));
    await control('POST', `salesforce/rows/Opportunity/${id}/lock`, { times: 1 });
    assert.equal((await refusal(() => deals.update({ Id: id, NextStep: 'x' }))).name, 'UNABLE_TO_LOCK_ROW');
    assert.equal((await deals.update({ Id: id, NextStep: 'x' })).success, true);
  });
  await check('is told of duplicates, and saves all the same where that is allowed', async () => {
    await control('PUT', 'salesforce/switches', { duplicate_rules: [{ object: 'Account', field: 'Name', allow_save: true }] });
    const accounts = conn.sobject('Account');
    await accounts.create({ Name: 'Twin' });
    const error = await refusal(() => accounts.create({ Name: 'Twin' }));
    assert.equal(error.name, 'DUPLICATES_DETECTED');
    assert.equal(error.data.duplicateResut.matchResults[0].matchRecords.length, 1);
    const made = await accounts.create({ Name: 'Twin' }, { headers: { 'Sforce-Duplicate-Rule-Header': 'allowSave=true' } });
    assert.equal(made.success, true);
    await control('PUT', 'salesforce/switches', {});
  });
  await check('is told that the day\'s calls are used up', async () => {
    await control('PUT', 'salesforce/switches', { daily_requests: 0 });
    assert.equal((await refusal(() => conn.query('SELECT Id FROM Account'))).name, 'REQUEST_LIMIT_EXCEEDED');
    await control('PUT', 'salesforce/switches', {});
  });
}
