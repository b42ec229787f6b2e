#include "mail/mailbox_provider.hpp"

#include <algorithm>
#include <array>

namespace stellwerk::mail {
namespace {

struct entry {
  std::string_view domain;
  std::string_view provider;
};

// Sorted by domain; our own compilation of the consumer domains of the operators that most mail goes to.
// clang-format off
constexpr std::array<entry, 356> table{{
    {"01019freenet.de", "freenet"}, {"126.com", "netease"}, {"163.com", "netease"}, {"1und1.de", "ionos"},
    {"9online.fr", "sfr"}, {"a1.net", "a1"}, {"aim.com", "yahoo"}, {"alice-dsl.net", "telefonica_de"},
    {"alice.de", "telefonica_de"}, {"alice.it", "telecom_italia"}, {"ameritech.net", "att"}, {"aol.at", "yahoo"},
    {"aol.ca", "yahoo"}, {"aol.co.uk", "yahoo"}, {"aol.com", "yahoo"}, {"aol.com.au", "yahoo"},
    {"aol.com.br", "yahoo"}, {"aol.de", "yahoo"}, {"aol.es", "yahoo"}, {"aol.fr", "yahoo"}, {"aol.it", "yahoo"},
    {"aol.nl", "yahoo"}, {"aol.se", "yahoo"}, {"aon.at", "a1"}, {"arcor.de", "vodafone_de"}, {"att.net", "att"},
    {"bellsouth.net", "att"}, {"bk.ru", "mail_ru"}, {"blu.it", "italiaonline"}, {"bluemail.ch", "bluewin"},
    {"bluewin.ch", "bluewin"}, {"blueyonder.co.uk", "virgin_media"}, {"bol.com.br", "uol"},
    {"bredband.net", "bredband"}, {"btinternet.com", "bt"}, {"btopenworld.com", "bt"}, {"charter.net", "charter"},
    {"chello.at", "magenta_at"}, {"club-internet.fr", "sfr"}, {"comcast.net", "comcast"},
    {"compuserve.com", "yahoo"}, {"consultant.com", "mail_com"}, {"cox.net", "cox"}, {"cs.com", "yahoo"},
    {"daum.net", "daum"}, {"email.com", "mail_com"}, {"email.cz", "seznam"}, {"email.de", "web_de"},
    {"engineer.com", "mail_com"}, {"etik.com", "infomaniak"}, {"europe.com", "mail_com"}, {"ewe.net", "ewe"},
    {"ewetel.de", "ewe"}, {"ewetel.net", "ewe"}, {"fastmail.com", "fastmail"}, {"fastmail.fm", "fastmail"},
    {"foxmail.com", "qq"}, {"free.fr", "free_fr"}, {"freenet.de", "freenet"}, {"freenetmail.de", "freenet"},
    {"games.com", "yahoo"}, {"gmail.com", "google"}, {"gmx.at", "gmx"}, {"gmx.biz", "gmx"}, {"gmx.ch", "gmx"},
    {"gmx.co.uk", "gmx"}, {"gmx.com", "gmx"}, {"gmx.de", "gmx"}, {"gmx.es", "gmx"}, {"gmx.eu", "gmx"},
    {"gmx.fr", "gmx"}, {"gmx.info", "gmx"}, {"gmx.it", "gmx"}, {"gmx.li", "gmx"}, {"gmx.net", "gmx"},
    {"gmx.org", "gmx"}, {"gmx.se", "gmx"}, {"gmx.tm", "gmx"}, {"gmx.us", "gmx"}, {"go4more.de", "ionos"},
    {"google.com", "google"}, {"googlemail.com", "google"}, {"hanmail.net", "daum"},
    {"hansenet.de", "telefonica_de"}, {"hetnet.nl", "kpn"}, {"hispeed.ch", "sunrise"}, {"home.nl", "ziggo"},
    {"hostpoint.ch", "hostpoint"}, {"hotmail.at", "microsoft"}, {"hotmail.be", "microsoft"},
    {"hotmail.ca", "microsoft"}, {"hotmail.ch", "microsoft"}, {"hotmail.co.il", "microsoft"},
    {"hotmail.co.jp", "microsoft"}, {"hotmail.co.nz", "microsoft"}, {"hotmail.co.th", "microsoft"},
    {"hotmail.co.uk", "microsoft"}, {"hotmail.co.za", "microsoft"}, {"hotmail.com", "microsoft"},
    {"hotmail.com.ar", "microsoft"}, {"hotmail.com.au", "microsoft"}, {"hotmail.com.br", "microsoft"},
    {"hotmail.com.mx", "microsoft"}, {"hotmail.com.tr", "microsoft"}, {"hotmail.de", "microsoft"},
    {"hotmail.dk", "microsoft"}, {"hotmail.es", "microsoft"}, {"hotmail.fi", "microsoft"},
    {"hotmail.fr", "microsoft"}, {"hotmail.gr", "microsoft"}, {"hotmail.it", "microsoft"},
    {"hotmail.nl", "microsoft"}, {"hotmail.no", "microsoft"}, {"hotmail.se", "microsoft"}, {"htp-tel.de", "htp"},
    {"icloud.com", "apple"}, {"ik.me", "infomaniak"}, {"iname.com", "mail_com"}, {"inbox.ru", "mail_ru"},
    {"inode.at", "magenta_at"}, {"interia.eu", "interia"}, {"interia.pl", "interia"}, {"internet.ru", "mail_ru"},
    {"inwind.it", "italiaonline"}, {"iol.it", "italiaonline"}, {"ionos.de", "ionos"}, {"justmail.de", "freenet"},
    {"kabelbw.de", "vodafone_de"}, {"kabelmail.de", "vodafone_de"}, {"keemail.me", "tuta"},
    {"koeln.de", "netcologne"}, {"kpnmail.nl", "kpn"}, {"kpnplanet.nl", "kpn"}, {"laposte.net", "la_poste"},
    {"libero.it", "italiaonline"}, {"list.ru", "mail_ru"}, {"live.at", "microsoft"}, {"live.be", "microsoft"},
    {"live.ca", "microsoft"}, {"live.ch", "microsoft"}, {"live.cl", "microsoft"}, {"live.cn", "microsoft"},
    {"live.co.uk", "microsoft"}, {"live.co.za", "microsoft"}, {"live.com", "microsoft"},
    {"live.com.ar", "microsoft"}, {"live.com.au", "microsoft"}, {"live.com.mx", "microsoft"},
    {"live.com.pt", "microsoft"}, {"live.de", "microsoft"}, {"live.dk", "microsoft"}, {"live.fr", "microsoft"},
    {"live.hk", "microsoft"}, {"live.ie", "microsoft"}, {"live.in", "microsoft"}, {"live.it", "microsoft"},
    {"live.jp", "microsoft"}, {"live.nl", "microsoft"}, {"live.no", "microsoft"}, {"live.ru", "microsoft"},
    {"live.se", "microsoft"}, {"love.com", "yahoo"}, {"mac.com", "apple"}, {"magenta.de", "t_online"},
    {"magentamail.at", "magenta_at"}, {"mail.com", "mail_com"}, {"mail.ru", "mail_ru"},
    {"mailbox.org", "mailbox_org"}, {"me.com", "apple"}, {"messagingengine.com", "fastmail"},
    {"mnet-mail.de", "m_net"}, {"mnet-online.de", "m_net"}, {"mobilcom.de", "freenet"}, {"msn.com", "microsoft"},
    {"myyahoo.com", "yahoo"}, {"naver.com", "naver"}, {"netcologne.com", "netcologne"},
    {"netcologne.de", "netcologne"}, {"netscape.com", "yahoo"}, {"netscape.net", "yahoo"}, {"neuf.fr", "sfr"},
    {"nexgo.de", "vodafone_de"}, {"nordcom.net", "ewe"}, {"ntlworld.com", "virgin_media"}, {"o2.pl", "wp"},
    {"o2mail.de", "telefonica_de"}, {"o2online.de", "telefonica_de"}, {"onet.eu", "onet"}, {"onet.pl", "onet"},
    {"online.de", "ionos"}, {"onlinehome.de", "ionos"}, {"op.pl", "onet"}, {"orange.fr", "orange_fr"},
    {"osnanet.de", "ewe"}, {"outlook.at", "microsoft"}, {"outlook.be", "microsoft"}, {"outlook.cl", "microsoft"},
    {"outlook.co.id", "microsoft"}, {"outlook.co.th", "microsoft"}, {"outlook.com", "microsoft"},
    {"outlook.com.ar", "microsoft"}, {"outlook.com.au", "microsoft"}, {"outlook.com.br", "microsoft"},
    {"outlook.com.gr", "microsoft"}, {"outlook.com.tr", "microsoft"}, {"outlook.cz", "microsoft"},
    {"outlook.de", "microsoft"}, {"outlook.dk", "microsoft"}, {"outlook.es", "microsoft"},
    {"outlook.fr", "microsoft"}, {"outlook.hu", "microsoft"}, {"outlook.ie", "microsoft"},
    {"outlook.in", "microsoft"}, {"outlook.it", "microsoft"}, {"outlook.jp", "microsoft"},
    {"outlook.kr", "microsoft"}, {"outlook.lv", "microsoft"}, {"outlook.my", "microsoft"},
    {"outlook.ph", "microsoft"}, {"outlook.pt", "microsoft"}, {"outlook.sa", "microsoft"},
    {"outlook.sg", "microsoft"}, {"outlook.sk", "microsoft"}, {"pacbell.net", "att"}, {"passport.com", "microsoft"},
    {"planet.nl", "kpn"}, {"pm.me", "proton"}, {"poczta.fm", "interia"}, {"poczta.onet.pl", "onet"},
    {"post.com", "mail_com"}, {"post.cz", "seznam"}, {"posteo.at", "posteo"}, {"posteo.ch", "posteo"},
    {"posteo.de", "posteo"}, {"posteo.eu", "posteo"}, {"posteo.net", "posteo"}, {"posteo.org", "posteo"},
    {"privaterelay.appleid.com", "apple"}, {"proton.me", "proton"}, {"protonmail.ch", "proton"},
    {"protonmail.com", "proton"}, {"proximus.be", "proximus"}, {"qq.com", "qq"}, {"rediffmail.com", "rediff"},
    {"rocketmail.com", "yahoo"}, {"rr.com", "charter"}, {"sbcglobal.net", "att"}, {"seznam.cz", "seznam"},
    {"sfr.fr", "sfr"}, {"sky.com", "sky"}, {"skynet.be", "proximus"}, {"sofort-start.de", "ionos"},
    {"sofort-surf.de", "ionos"}, {"sofortsurf.de", "ionos"}, {"spectrum.net", "charter"}, {"strato.de", "strato"},
    {"sunrise.ch", "sunrise"}, {"swbell.net", "att"}, {"swbmail.de", "ewe"}, {"t-mobile.de", "t_online"},
    {"t-online.de", "t_online"}, {"talknet.de", "freenet"}, {"techie.com", "mail_com"},
    {"telefonica.de", "telefonica_de"}, {"telenet.be", "telenet"}, {"telia.com", "telia"},
    {"tim.it", "telecom_italia"}, {"tin.it", "telecom_italia"}, {"tlen.pl", "wp"}, {"tuta.com", "tuta"},
    {"tuta.io", "tuta"}, {"tutamail.com", "tuta"}, {"tutanota.com", "tuta"}, {"tutanota.de", "tuta"},
    {"twc.com", "charter"}, {"unitybox.de", "vodafone_de"}, {"unitymail.de", "vodafone_de"}, {"uol.com.br", "uol"},
    {"upcmail.nl", "ziggo"}, {"usa.com", "mail_com"}, {"verizon.net", "yahoo"}, {"versanet.de", "1and1_versatel"},
    {"versatel.de", "1and1_versatel"}, {"virgilio.it", "italiaonline"}, {"virginmedia.com", "virgin_media"},
    {"vodafone.de", "vodafone_de"}, {"vodafonemail.de", "vodafone_de"}, {"vp.pl", "onet"},
    {"wanadoo.fr", "orange_fr"}, {"web.de", "web_de"}, {"webtv.net", "microsoft"}, {"windowslive.com", "microsoft"},
    {"wow.com", "yahoo"}, {"wp.pl", "wp"}, {"writeme.com", "mail_com"}, {"wtnet.de", "wilhelm_tel"},
    {"xs4all.nl", "kpn"}, {"ya.ru", "yandex"}, {"yahoo.at", "yahoo"}, {"yahoo.be", "yahoo"}, {"yahoo.ca", "yahoo"},
    {"yahoo.cl", "yahoo"}, {"yahoo.co.id", "yahoo"}, {"yahoo.co.il", "yahoo"}, {"yahoo.co.in", "yahoo"},
    {"yahoo.co.jp", "yahoo_japan"}, {"yahoo.co.nz", "yahoo"}, {"yahoo.co.th", "yahoo"}, {"yahoo.co.uk", "yahoo"},
    {"yahoo.co.za", "yahoo"}, {"yahoo.com", "yahoo"}, {"yahoo.com.ar", "yahoo"}, {"yahoo.com.au", "yahoo"},
    {"yahoo.com.br", "yahoo"}, {"yahoo.com.co", "yahoo"}, {"yahoo.com.hk", "yahoo"}, {"yahoo.com.mx", "yahoo"},
    {"yahoo.com.my", "yahoo"}, {"yahoo.com.pe", "yahoo"}, {"yahoo.com.ph", "yahoo"}, {"yahoo.com.sg", "yahoo"},
    {"yahoo.com.tr", "yahoo"}, {"yahoo.com.tw", "yahoo"}, {"yahoo.com.ve", "yahoo"}, {"yahoo.com.vn", "yahoo"},
    {"yahoo.cz", "yahoo"}, {"yahoo.de", "yahoo"}, {"yahoo.dk", "yahoo"}, {"yahoo.es", "yahoo"},
    {"yahoo.fi", "yahoo"}, {"yahoo.fr", "yahoo"}, {"yahoo.gr", "yahoo"}, {"yahoo.hu", "yahoo"},
    {"yahoo.ie", "yahoo"}, {"yahoo.in", "yahoo"}, {"yahoo.it", "yahoo"}, {"yahoo.nl", "yahoo"},
    {"yahoo.no", "yahoo"}, {"yahoo.pl", "yahoo"}, {"yahoo.pt", "yahoo"}, {"yahoo.ro", "yahoo"},
    {"yahoo.se", "yahoo"}, {"yahoomail.com", "yahoo"}, {"yandex.by", "yandex"}, {"yandex.com", "yandex"},
    {"yandex.kz", "yandex"}, {"yandex.ru", "yandex"}, {"yandex.ua", "yandex"}, {"yeah.net", "netease"},
    {"ymail.com", "yahoo"}, {"ymail.ne.jp", "yahoo_japan"}, {"ziggo.nl", "ziggo"}, {"zoho.com", "zoho"},
    {"zoho.eu", "zoho"}, {"zohomail.com", "zoho"}, {"zohomail.eu", "zoho"},
}};

constexpr std::array<std::string_view, 64> names{
    "1and1_versatel", "a1", "apple", "att", "bluewin", "bredband", "bt", "charter", "comcast", "cox", "daum", "ewe",
    "fastmail", "free_fr", "freenet", "gmx", "google", "hostpoint", "htp", "infomaniak", "interia", "ionos",
    "italiaonline", "kpn", "la_poste", "m_net", "magenta_at", "mail_com", "mail_ru", "mailbox_org", "microsoft",
    "naver", "netcologne", "netease", "onet", "orange_fr", "posteo", "proton", "proximus", "qq", "rediff", "seznam",
    "sfr", "sky", "strato", "sunrise", "t_online", "telecom_italia", "telefonica_de", "telenet", "telia", "tuta",
    "uol", "virgin_media", "vodafone_de", "web_de", "wilhelm_tel", "wp", "yahoo", "yahoo_japan", "yandex", "ziggo",
    "zoho", "other",
};
// clang-format on

constexpr bool is_sorted() {
  for (std::size_t i = 1; i < table.size(); ++i) {
    if (!(table[i - 1].domain < table[i].domain)) return false;
  }
  return true;
}
static_assert(is_sorted());

}  // namespace

std::string_view mailbox_provider_of(std::string_view domain) {
  const auto found = std::lower_bound(table.begin(), table.end(), domain,
                                      [](const entry& one, std::string_view key) { return one.domain < key; });
  return found != table.end() && found->domain == domain ? found->provider : std::string_view{"other"};
}

std::span<const std::string_view> all_mailbox_providers() { return names; }

}  // namespace stellwerk::mail
