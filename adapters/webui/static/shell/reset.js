// A new password by the link from the mail. The token stands in the fragment, which browsers send to nobody; it leaves
// the address bar and the history at once. Ids: #password #reveal #reset #over #done #go-signin #problem.
import { api, Problem } from "./api.js";
import { button, fill, input, need } from "./dom.js";
import { check, onSubmit, reveal } from "./sign.js";

const token = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", location.pathname);

/** @param {"over"|"done"} id */
function end(id) { need("form").hidden = true; need(id).hidden = false; need(id).focus(); }

reveal();
if (!token) { fill(need("over-text"), "The address is not complete. Open the link in the mail again, or ask for a new one."); end("over"); }

onSubmit(button("reset"), { password: "Password" }, async () => {
  const password = input("password").value;
  if (!check("password", password ? "" : "Enter a new password.")) return;
  try {
    await api("POST", "/api/password/reset", { token, password }, { open: true });
  } catch (err) {
    const gone = err instanceof Problem && ([401, 403, 404, 409, 410].includes(err.status) || err.fields.some((f) => f.name === "token"));
    if (!gone) throw err;
    end("over");
    return;
  }
  end("done");
});
