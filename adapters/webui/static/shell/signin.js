// Sign-in. Ids: #email #password #reveal #signin #forgot; what went wrong: #problem, #email-error, #password-error; #notice.
import { api, forget, Problem } from "./api.js";
import { button, fill, input, need } from "./dom.js";
import { alertProblem, check, onSubmit, reveal } from "./sign.js";

/** A path of this site to go to, and nothing else. "//host", "/\host" and "/<tab>/host" are other sites to a browser. */
function next() {
  const to = new URLSearchParams(location.search).get("next") ?? "/";
  if (!to.startsWith("/") || to.startsWith("//") || /[\\\u0000-\u001f\u007f]/.test(to)) return "/";
  const url = new URL(to, location.origin);
  return url.origin === location.origin && url.pathname !== "/signin" ? url.pathname + url.search + url.hash : "/";
}

reveal();
if (new URLSearchParams(location.search).has("ended")) {
  fill(need("notice-text"), "You have been signed out. Sign in to go on where you were.");
  need("notice").hidden = false;
}

onSubmit(button("signin"), { email: "E-mail", password: "Password" }, async () => {
  const email = input("email").value.trim(); const password = input("password").value;
  if (!check("email", email ? "" : "Enter your e-mail address.") || !check("password", password ? "" : "Enter your password.")) return;
  need("notice").hidden = true;
  try {
    await api("POST", "/api/session", { email, password }, { open: true });
  } catch (err) {
    if (!(err instanceof Problem) || err.status !== 401) throw err;
    alertProblem("The e-mail address or the password is wrong.");
    input("password").focus(); input("password").select();
    return;
  }
  forget();
  location.replace(next());
});
