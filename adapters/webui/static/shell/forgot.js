// Forgotten password: always the same answer, whoever asks. Ids: #email #send #sent #again #problem.
import { api } from "./api.js";
import { button, fill, input, need } from "./dom.js";
import { check, onSubmit } from "./sign.js";

onSubmit(button("send"), { email: "E-mail" }, async () => {
  const email = input("email").value.trim();
  if (!check("email", /^\S+@\S+$/.test(email) ? "" : email ? "This is not an e-mail address." : "Enter your e-mail address.")) return;
  await api("POST", "/api/password/forgot", { email }, { open: true });
  fill(need("sent-to"), email);
  need("form").hidden = true; need("sent").hidden = false; need("sent").focus();
});
button("again").addEventListener("click", () => { need("sent").hidden = true; need("form").hidden = false; input("email").focus(); });
