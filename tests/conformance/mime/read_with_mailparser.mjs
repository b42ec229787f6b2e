// read_with_mailparser.mjs FILE.eml...: prints one JSON object per file, as nodemailer's mailparser sees it.
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const require = createRequire(join(process.cwd(), 'package.json'));
const {simpleParser} = require('mailparser');

const mailboxes = (field) => (field ? field.value.flatMap((one) => one.group ?? [one])
  .filter((one) => one.address).map((one) => ({display_name: one.name, address: one.address})) : []);

for (const file of process.argv.slice(2)) {
  const mail = await simpleParser(readFileSync(file), {skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true,
    skipTextLinks: true, keepCidLinks: true});
  const headers = Object.fromEntries([...mail.headerLines].map(({key, line}) => [key, line]));
  console.log(JSON.stringify({
    subject: mail.subject ?? '', from: mailboxes(mail.from), to: mailboxes(mail.to), cc: mailboxes(mail.cc),
    reply_to: mailboxes(mail.replyTo), bcc: mailboxes(mail.bcc), message_id: mail.messageId,
    date: mail.date.toISOString(), text: mail.text ?? '', html: mail.html || '', header_names: Object.keys(headers),
    attachments: mail.attachments.map((one) => ({filename: one.filename ?? '', content_type: one.contentType,
      content: one.content.toString('base64'), content_id: one.cid ?? ''})),
  }));
}
