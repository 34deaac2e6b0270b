// The customer's page, /j/TOKEN: lobby, waiting room, call and rating in one document, so that camera and connection stay warm from
// one to the next. body[data-state] says where it stands: loading lobby waiting call reconnecting held ended invalid elsewhere
// replaced; body[data-status] is the call's status once it is known.
//
// Ids that tests and people act on:
//   lobby    #lobby-name #lobby-preview #lobby-mic #lobby-cam #lobby-flip #lobby-devices #join #decline #lobby-problem
//            #permission-help #permission-retry #copy-link
//   call     #remote #self #mic #cam #flip #timer #wait-time #quality #overlay[data-kind=connecting|self|other|held] #overlay-resume #peer-off #peer-mic
//            #hint #hint-act #tap-to-continue #help-dialog
//   chat     #chat-open #chat-count #chat #chat-close #chat-log #chat-text #chat-send #chat-new; a bubble is
//            .msg[data-side=out|in][data-state=sent|sending|failed] .bubble
//   end      #end #end-dialog #end-confirm #end-cancel #ended-title #ended-text #rating (input[name=stars]) #rating-comment
//            #rating-send #rating-thanks
//   notes    #note-title #knock #note-act
//   devices  #picker (input[name=picker-cam], input[name=picker-mic])
// A control's data-state is on, off, none, asking or denied.
import { need } from "../shell/dom.js";
import { drawNote } from "./notes.js";

if ("RTCPeerConnection" in window) import("./visit.js");
else {
  drawNote("unsupported");
  need("view-loading").hidden = true;
  need("view-note").hidden = false;
  document.body.dataset.state = "invalid";
}
