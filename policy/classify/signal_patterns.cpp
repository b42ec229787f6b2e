#include "policy/classify/signal_patterns.hpp"

namespace stellwerk::policy {
namespace {

constexpr auto T = mail::traffic_stream::transactional;
constexpr auto M = mail::traffic_stream::marketing;
using enum signal_place;

// Texts are folded before they are matched: lower case, umlauts as two letters (ü -> ue), HTML entities resolved, tags
// gone, runs of blanks one blank.
constexpr signal_row rows[] = {
    // Headers: what bulk mailers write themselves.
    {{"list-unsubscribe", M, 2.0, header, "List-Unsubscribe field (RFC 2369)"}, "list-unsubscribe", ""},
    {{"list-unsubscribe-post", M, 1.5, header, "one-click unsubscribe (RFC 8058)"}, "list-unsubscribe-post", ""},
    {{"list-id", M, 1.5, header, "List-Id field (RFC 2919)"}, "list-id", ""},
    {{"precedence-bulk", M, 2.0, header, "Precedence: bulk or list"}, "precedence", "^(bulk|list|junk)$"},
    {{"feedback-id", M, 1.0, header, "Feedback-ID field"}, "feedback-id", ""},
    {{"campaign-mailjet", M, 2.0, header, "X-Mailjet-Campaign field"}, "x-mailjet-campaign", ""},
    {{"campaign-mailchimp", M, 2.0, header, "X-MC-User or X-Campaign fields"}, "x-mc-user", ""},
    {{"campaign-id", M, 2.0, header, "X-Campaign field"}, "x-campaign", ""},
    {{"campaign-id-2", M, 2.0, header, "X-CampaignID field"}, "x-campaignid", ""},
    {{"csa-complaints", M, 1.5, header, "X-CSA-Complaints field"}, "x-csa-complaints", ""},
    {{"mailing-software", M, 1.0, header, "X-Mailer of newsletter software"}, "x-mailer",
     "newsletter|cleverreach|mailchimp|phplist|inxmail|rapidmail|sendinblue|brevo|campaign"},
    {{"auto-generated", T, 1.0, header, "Auto-Submitted: auto-generated (RFC 3834)"}, "auto-submitted", "auto-generated"},
    {{"auto-replied", T, 2.0, header, "Auto-Submitted: auto-replied (RFC 3834)"}, "auto-submitted", "auto-replied"},
    {{"in-reply-to", T, 1.5, header, "In-Reply-To field: an answer to somebody"}, "in-reply-to", ""},
    // Fan-out.
    {{"many-recipients", M, 1.5, recipients, "more than 20 recipients in one submission"}, "", ""},
    // Subject.
    {{"subject-code", T, 3.0, subject, "a code to log in or confirm"}, "",
     R"(\b(tan|otp|pin|einmal-?(code|passwort|kennwort)|(bestaetigungs|sicherheits|anmelde|verifizierungs|zugangs)-?code|verification code|security code|login code|sign-?in code|one-?time (code|password|passcode)|passcode)\b)"},
    {{"subject-password", T, 3.0, subject, "a password to set or reset"}, "",
     R"((passwort|kennwort|password).{0,40}(zuruecksetz|aender|vergessen|reset|chang|forgot|neu|new|set)|(reset|zuruecksetz\w*|change|forgot|neues|new|your|ihr|dein) .{0,20}(passwort|kennwort|password))"},
    {{"subject-order", T, 2.5, subject, "an order, a booking or a return"}, "",
     R"(bestell(ung|bestaetigung|eingang|nummer)|auftrags(bestaetigung|nummer|eingang)|ihr auftrag|order (confirmation|received|shipped|#|no|number|update)|your order|purchase receipt|buchungsbestaetigung|booking (confirmation|reference)|reservierung|reservation|itinerary|boarding pass|reiseunterlagen|buchungs(nummer|code)|retoure|ruecksendung|erstattung|refund)"},
    {{"subject-invoice", T, 2.5, subject, "an invoice, a reminder or a receipt"}, "",
     R"(\b(rechnung|gutschrift|mahnung|zahlungs(erinnerung|eingang|bestaetigung)|kontoauszug|lastschrift|ueberweisung|transaktion|invoice|receipt|payment (received|reminder|failed|confirmation)|statement|billing|quittung|beleg|overdue)\b)"},
    {{"subject-shipping", T, 2.5, subject, "a delivery on its way"}, "",
     R"(versand(bestaetigung|benachrichtigung|t)?\b|sendung|\bpaket|zustellung|lieferung|unterwegs|shipp(ed|ing|ment)|deliver(y|ed)|tracking|dispatched|on its way|out for delivery)"},
    {{"subject-account", T, 2.0, subject, "an account, its confirmation or its safety"}, "",
     R"(bestaetig\w* .{0,30}(e-?mail|konto|registrierung|anmeldung|adresse)|(e-?mail|konto|registrierung|anmeldung).{0,30}bestaetig|confirm your|verify your|activate your|account (created|activated|locked|suspended|verification)|konto (erstellt|aktiviert|gesperrt)|neue anmeldung|new (sign-?in|login)|zugangsdaten|security alert|sicherheits(hinweis|warnung)|ticket|support request|anfrage|appointment|termin(bestaetigung|erinnerung)?\b)"},
    {{"subject-offer", M, 2.0, subject, "an offer or a discount"}, "",
     R"(rabatt|\d+ ?(%|prozent|percent) (off|auf|discount|nachlass|guenstiger|sparen)|(bis zu|up to|-) ?\d+ ?(%|prozent|percent)|\bsale\b|angebot|gutschein|schnaeppchen|\baktion(s\w+|en)?\b|reduziert|guenstig|spar(en|tipp|preis)|discount|\bdeals?\b|\boffer|voucher|coupon|save (up|\d|big)|gratis|kostenlos|black ?friday|cyber|schlussverkauf|only today|nur heute|last chance|letzte chance|exklusiv|exclusive)"},
    {{"subject-quotation", T, 3.0, subject, "a quotation that was asked for"}, "",
     R"(angebot(s-?)?( nr\.?| nummer|nummer|nr\.?)[: #]*[a-z0-9/-]*[0-9]{2,}|angebot:? [a-z]{0,3}-?[0-9]{3,}|kostenvoranschlag|ihre (preis)?anfrage|quot(e|ation) ?(no\.?|number|#|[a-z]{0,3}-?[0-9]{3,}))"},
    {{"subject-staff", T, 2.5, subject, "pay, leave, an application for a job"}, "",
     R"((gehalts?|lohn|entgelt|reisekosten)-?(abrechnung|nachweis)|urlaubsantrag|krankmeldung|bewerbung|vorstellungsgespraech|pay ?slip|leave request|time ?sheet|expense report|(job|your) application|interview (invitation|confirmation|scheduled)|invitation to (an|your) interview)"},
    {{"subject-machine", T, 2.5, subject, "what a machine reports: alarms, jobs, scans"}, "",
     R"(^\W?(critical|alert|alarm|stoerung|fehler|error|problem|recovery|firing|resolved)\b ?[:!\]-]|\b(backup|datensicherung|cron|cronjob)\b|\bjob .{0,40}(failed|completed|succeeded|fehlgeschlagen|abgeschlossen|beendet)|\bscan (von|from|vom)\b|gescanntes dokument|voicemail|\bfax (von|from)\b|disk (usage|space)|wartungsarbeiten|(action required|handlungsbedarf|aktion erforderlich))"},
    {{"subject-newsletter", M, 2.5, subject, "a newsletter or news"}, "",
     R"(newsletter|\bnews\b|neuigkeiten|wochenrueckblick|weekly|monthly|ausgabe \d|issue \d|digest|magazin|neu im sortiment|new arrivals|neuheiten|unsere highlights|trends|webinar|einladung zu[mr]|you.?re invited)"},
    // Content.
    {{"one-time-code", T, 3.0, body, "a code of four to eight digits beside the words for it"}, "",
     R"((code|tan|pin|otp|passcode)( lautet| ist| is)?( fuer \w+)?:? ?[0-9]{3}[ -]?[0-9]{1,5}\b|\b[0-9]{4,8}\b (ist ihr|ist dein|is your) .{0,30}(code|tan|pin)|(gueltig|valid|expires?|laeuft)( \w+){0,3} \d+ (minuten|minutes))"},
    {{"password-words", T, 2.5, body, "a link to set a password"}, "",
     R"((passwort|kennwort|password).{0,60}(zuruecksetz|aendern|neu setzen|vergessen|reset|change|forgot)|reset (your|the) password|(nicht angefordert|did(n.t| not) request).{0,80}(ignorier|ignore))"},
    {{"order-number", T, 2.0, body, "an order, customer or booking number"}, "",
     R"((bestell|auftrags|kunden|buchungs|vorgangs|ticket|vertrags|reservierungs)-?(nummer|nr\.?|no\.?)[: #]*[a-z0-9-]*[0-9]{3,}|(order|booking|customer|reference|confirmation|case|ticket) (number|no\.?|id|#)[: #]*[a-z0-9-]*[0-9]{3,}|order #? ?[a-z0-9-]*[0-9]{4,})"},
    {{"invoice-number", T, 2.5, body, "an invoice number or a due date"}, "",
     R"((rechnungs|beleg)-?(nummer|nr\.?|no\.?)[: #]*[a-z0-9/-]*[0-9]{2,}|invoice (number|no\.?|#|id)[: #]*[a-z0-9/-]*[0-9]{2,}|(zahlbar|faellig) (bis|am)|payment (is )?due|amount due|offener betrag|\biban\b)"},
    {{"amount-with-vat", T, 2.0, body, "an amount with its tax"}, "",
     R"((mwst|mehrwertsteuer|ust\b|umsatzsteuer|\bvat\b|sales tax).{0,40}[0-9]+[.,][0-9]{2}|[0-9]+[.,][0-9]{2} ?(eur|€|usd|\$|gbp|£).{0,60}(mwst|mehrwertsteuer|umsatzsteuer|\bvat\b)|(gesamtbetrag|gesamtsumme|rechnungsbetrag|total amount|order total|grand total|total due|zwischensumme|subtotal)[: ]*(eur|€|usd|\$|gbp|£)? ?[0-9])"},
    {{"tracking-number", T, 2.5, body, "a tracking number"}, "",
     R"((sendungs|tracking|paket)-?(nummer|nr\.?|number|id|no\.?|code)[: #]*[a-z0-9]{6,}|sendungsverfolgung|track (your|the) (package|parcel|order|shipment)|sendung verfolgen)"},
    {{"card-payment", T, 2.0, body, "a payment with this person's card or account"}, "",
     R"((card|karte|konto|account)( number|nummer)? (ending|endend|endet|mit der endung) .{0,6}[0-9]{4}|(was|were|wurde|wurden) (charged|belastet|abgebucht))"},
    {{"appointment-time", T, 1.5, body, "an appointment and its time"}, "",
     R"((termin|appointment|reservierung|reservation|zustellung|interview)\w* .{0,30}(am|on|um|at|zwischen|between) .{0,20}[0-9]{1,2}[.:]|liefertermin)"},
    {{"personal-action", T, 1.5, body, "something this person did or must confirm"}, "",
     R"((vielen dank|danke|thank you|thanks) (fuer (ihre|deine|den)|for your) (bestellung|kauf|einkauf|buchung|order|purchase|booking|payment|zahlung|anfrage|request|registrier)|(bestaetigen sie|bestaetige|please confirm|confirm) (ihre|deine|bitte|your) .{0,30}(e-?mail|adresse|address|registrierung|account|konto)|(ihr|dein|your) (konto|account|termin|vertrag|appointment|contract|ticket)( \w+)? (wurde|ist|has been|is)\b)"},
    {{"discount", M, 2.0, body, "a discount in percent or a coupon"}, "",
     R"(([0-9]{1,2}|bis zu [0-9]{1,2}) ?(%|prozent|percent) ?(rabatt|off|discount|auf|guenstiger|reduziert|sparen)|(rabatt|gutschein|coupon|voucher|promo)-?(code)?[: ]+[a-z0-9]{4,}|(save|spare|sparen sie) (up to|bis zu|jetzt|[0-9]|€|\$)|statt [0-9]+[.,][0-9]{2} .{0,10}nur|versandkostenfrei|free shipping|gratis dazu)"},
    {{"call-to-action", M, 1.0, body, "a call to buy or discover"}, "",
     R"(jetzt (kaufen|shoppen|bestellen|sichern|entdecken|zugreifen|stoebern|anmelden)|zum (shop|angebot|sale)|shop now|buy now|order now|discover (now|more|our)|learn more|get (yours|started)|mehr erfahren|don.?t miss|nicht verpassen|nur (noch|heute|bis|solange)|while (stocks|supplies) last|limited time)"},
    {{"event-invitation", M, 1.5, body, "an event for everybody"}, "",
     R"(feiern sie mit|tag der offenen tuer|early[ -]bird|fruehbucher|keynote|kommen sie vorbei|platz sichern|save your (seat|spot)|join us (on|at|for|in)\b|sonderangebote)"},
    {{"view-in-browser", M, 2.0, body, "a link to see it in the browser"}, "",
     R"((im|in ihrem|in deinem) browser (ansehen|anzeigen|oeffnen|betrachten)|(view|read|open|see)( this)?( e-?mail| newsletter| it)?( online)? in (your|a|the) browser|view (it )?online|online ?-?(version|ansicht)|web ?-?version|nicht (richtig|korrekt) (angezeigt|dargestellt)|trouble (viewing|reading))"},
    {{"campaign-links", M, 1.5, body, "campaign parameters in links"}, "", R"(utm_(source|medium|campaign)=|[?&](mc_cid|mtm_campaign|pk_campaign|wt_mc|cmp|newsletter_id)=)"},
    {{"unsubscribe-footer", M, 2.0, body, "a footer to unsubscribe"}, "",
     R"(unsubscribe|opt ?-?out|abmelden|abbestellen|abmeldelink|austragen|keine (weiteren|unserer) (newsletter|e-?mails|werbe\w*|angebote|einladungen)|keine (newsletter|e-?mails|werbung|angebote) mehr|no longer (wish|want) to receive|manage (your )?(preferences|subscription)|update your preferences)"},
    {{"why-received", M, 1.5, body, "why the reader gets it"}, "",
     R"((sie|du) (erhalten|erhaeltst|bekommst|bekommen) (diese[ns]?|unseren) .{0,20}(newsletter|e-?mail|nachricht),? (weil|da)|you(.re| are) receiving this .{0,20}because you (subscribed|signed|opted)|this (e-?mail|newsletter) was sent to .{0,60}because)"},
    {{"newsletter-word", M, 1.0, body, "the word newsletter in its own greeting"}, "",
     R"((unser|diesem|dieser|willkommen (im|zum|bei unserem)|this|our|welcome to (our|the)) .{0,20}newsletter|liebe (leserinnen|leser|kundinnen|kunden|newsletter)|dear (subscriber|reader|customers))"},
    {{"imprint-footer", M, 0.5, body, "an imprint, as mailings to many carry"}, "", R"(\bimpressum\b|\bimprint\b|handelsregister|ust-?id)"},
};

}  // namespace

std::span<const signal_row> signal_rows() { return rows; }

}  // namespace stellwerk::policy
